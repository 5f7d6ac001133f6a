using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Tests.Replication;

public sealed class SourceCheckTests
{
    private const string A = "aaaaaaaa-0000-0000-0000-000000000001";
    private const string B = "bbbbbbbb-0000-0000-0000-000000000002";

    [Theory]
    // what I have, what it has, what it purged -> verdict, what is missing (I am 1, it is 2)
    [InlineData("", "", "", SourceFitness.Fit, "")]
    [InlineData("1-1-5", "1-1-3,2-2-9", "", SourceFitness.Fit, "")]                        // my newest writes have not come around yet
    [InlineData("1-1-5,2-2-4", "1-1-5,2-2-9", "1-1-5,2-2-4", SourceFitness.Fit, "")]       // purged exactly up to what I have
    [InlineData("1-1-5,2-2-4", "1-1-5,2-2-9", "2-2-5", SourceFitness.NeedsPurgedLogs, "2-2-5")]
    [InlineData("", "2-2-9,3-3-4", "3-3-4", SourceFitness.NeedsPurgedLogs, "3-3-4")]       // a third one's writes count as well
    [InlineData("2-2-10", "2-2-9", "", SourceFitness.LostItsTail, "2-2-10")]
    [InlineData("2-2-10", "2-2-9,3-3-4", "3-3-4", SourceFitness.LostItsTail, "2-2-10")]    // the worse finding wins
    [InlineData("3-3-7", "2-2-9,3-3-4", "", SourceFitness.Fit, "")]                        // it is only behind in a third one's writes
    public void MariaDb_candidates(string mine, string its, string purged, SourceFitness expected, string missing)
    {
        var judgement = SourceCheck.Judge(MariaDb(1), Set(Engine.MariaDB, mine), new(Set(Engine.MariaDB, its), Set(Engine.MariaDB, purged), MariaDb(2)));
        Assert.Equal(expected, judgement.Fitness);
        Assert.Equal(missing, judgement.Missing.ToString());
        Assert.Equal(expected == SourceFitness.Fit, judgement.IsFit);
    }

    [Theory]
    [InlineData($"{A}:1-5", $"{A}:1-3,{B}:1-9", "", SourceFitness.Fit, "")]
    [InlineData($"{B}:1-4:7", $"{B}:1-9", $"{B}:1-4", SourceFitness.Fit, "")]
    [InlineData($"{B}:1-4:7", $"{B}:1-9", $"{B}:1-7", SourceFitness.NeedsPurgedLogs, $"{B}:5-6")]
    [InlineData($"{B}:1-9", $"{B}:1-7", "", SourceFitness.LostItsTail, $"{B}:8-9")]
    [InlineData($"{B}:import:1-2", $"{B}:1-7", "", SourceFitness.LostItsTail, $"{B}:import:1-2")] // a tag is its own too
    public void MySql_candidates(string mine, string its, string purged, SourceFitness expected, string missing)
    {
        var judgement = SourceCheck.Judge(MySql(1, A), Set(Engine.MySQL, mine), new(Set(Engine.MySQL, its), Set(Engine.MySQL, purged), MySql(2, B)));
        Assert.Equal((expected, missing), (judgement.Fitness, judgement.Missing.ToString()));
    }

    [Fact]
    public void Another_engine_and_my_own_identity_are_refused()
    {
        var none = GtidSet.Empty(Engine.MySQL);
        Assert.Equal(SourceFitness.WrongEngine, SourceCheck.Judge(MariaDb(1), GtidSet.Empty(Engine.MariaDB), new(none, none, MySql(2, B))).Fitness);
        Assert.Equal(SourceFitness.SameIdentity, SourceCheck.Judge(MySql(1, A), none, new(none, none, MySql(2, A))).Fitness);
        Assert.Equal(SourceFitness.SameIdentity, SourceCheck.Judge(MySql(1, A), none, new(none, none, MySql(1, B))).Fitness);
    }

    [Theory]
    [InlineData("1-1-5,2-2-3", "2-2-7", "1-1-5,2-2-7")]
    [InlineData("0-7-12", "0-9-11,3-3-1", "0-7-12,3-3-1")] // an adopted server: the server id differs from the domain and is kept
    [InlineData("", "", "")]
    [InlineData(null, "10-10-1,9-9-1", "9-9-1,10-10-1")]
    public void MariaDb_positions_merge_by_domain(string? a, string b, string merged) => Assert.Equal(merged, MariaDbGtids.Merge(a, b));

    private static GtidSet Set(Engine engine, string text) => GtidSet.Parse(engine, text);

    private static ServerIdentity MariaDb(uint id) => new(Engine.MariaDB, "MariaDB 10.11.19", id, id.ToString());

    private static ServerIdentity MySql(uint id, string uuid) => new(Engine.MySQL, "MySQL 9.7.4", id, uuid);
}
