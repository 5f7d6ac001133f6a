using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using Connect.RingDaemon.Tests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class RetentionFloorTests
{
    private const string A = "aaaaaaaa-0000-0000-0000-000000000001";
    private const string B = "bbbbbbbb-0000-0000-0000-000000000002";

    [Theory]
    [InlineData(Engine.MariaDB, "", "")]
    [InlineData(Engine.MariaDB, "10-10-7,2-2-50", "10-10-7,2-2-50")]
    [InlineData(Engine.MySQL, $"{A}:1-5,{B}:1", $"{A}:1-5,{B}:1")]
    [InlineData(Engine.MySQL, $"{A}:1-5:8-9,{B}:3-7", $"{A}:1-5")] // never more than is true
    [InlineData(Engine.MySQL, $"{A}:1-5:import:1-3", $"{A}:1-5")]
    public void A_floor_is_one_number_for_each_origin(Engine engine, string purged, string floor) => Assert.Equal(floor, RetentionFloor.Of(GtidSet.Parse(engine, purged)));

    [Fact]
    public void A_floor_of_too_many_origins_is_not_known()
    {
        static GtidSet Of(int origins) => GtidSet.Parse(Engine.MariaDB, string.Join(',', Enumerable.Range(1, origins).Select(o => $"{o}-{o}-9")));
        Assert.NotNull(RetentionFloor.Of(Of(RetentionFloor.MostOrigins)));
        Assert.Null(RetentionFloor.Of(Of(RetentionFloor.MostOrigins + 1)));
    }

    [Theory]
    [InlineData("2-2-50", "1-1-3,2-2-50", "")]
    [InlineData("2-2-50,3-3-4", "1-1-3,2-2-49,3-3-9", "2-2-50")]
    [InlineData("", "", "")]
    [InlineData(null, "", "")]        // it is asked
    [InlineData("no floor", "", "")]  // from a file that somebody edited
    public void Whoever_lacks_what_is_below_the_floor_cannot_follow(string? floor, string has, string lacking) =>
        Assert.Equal(lacking, RetentionFloor.Lacking(Facts(floor), GtidSet.Parse(Engine.MariaDB, has)).ToString());

    [Fact]
    public void The_other_engines_floor_says_nothing() => Assert.True(RetentionFloor.Lacking(Facts("2-2-50"), GtidSet.Empty(Engine.MySQL)).IsEmpty);

    [Theory]
    [InlineData(Engine.MariaDB)]
    [InlineData(Engine.MySQL)]
    public void The_longest_floor_fits_into_a_rumour_and_comes_out_as_it_went_in(Engine engine)
    {
        var facts = Facts(Longest(engine)) with { Engine = engine, KeepsLogsSeconds = 604800 };
        Assert.Equal(facts, RetentionFloor.Fit(facts));
        var buffer = new byte[WireLimits.Packet];
        var length = MessageCodec.Encode(new(Verb.Gossip, 1, "n1", "", [Rumour.Alive(facts, 7)]), buffer);
        Assert.InRange(length, 1, MessageCodec.RumourRoom);
        Assert.True(MessageCodec.TryDecode(buffer.AsSpan(0, length), out var message));
        Assert.Equal(facts, message.Rumours.Single().Facts);
    }

    [Fact]
    public void Facts_that_are_too_long_with_their_floor_are_said_without_it()
    {
        var wordy = Facts(Longest(Engine.MySQL)) with { Engine = Engine.MySQL, Zone = new('z', 200), MysqlHost = new('h', 200), WebUrl = new('w', 200) };
        Assert.Equal(wordy with { Floor = null }, RetentionFloor.Fit(wordy));
    }

    [Theory]
    [InlineData("3-3-1,2-2-1")] // not in order: written in order, and so read
    [InlineData("2-2-9223372036854775807")]
    public void What_was_written_by_hand_is_written_as_a_server_would(string floor)
    {
        var buffer = new byte[WireLimits.Packet];
        var length = MessageCodec.Encode(new(Verb.Gossip, 1, "n1", "", [Rumour.Alive(Facts(floor), 7)]), buffer);
        Assert.True(MessageCodec.TryDecode(buffer.AsSpan(0, length), out var message));
        Assert.Equal(GtidSet.Parse(Engine.MariaDB, floor).ToString(), message.Rumours.Single().Facts!.Floor);
    }

    private static string Longest(Engine engine) => GtidSet.Of(engine, Enumerable.Range(1, RetentionFloor.MostOrigins)
        .Select(i => KeyValuePair.Create(engine == Engine.MySQL ? $"00000000-0000-0000-0000-{i:D12}" : $"{uint.MaxValue - i}", (IEnumerable<GtidSet.Range>)[new(1, long.MaxValue - i)]))).ToString();

    private static MemberFacts Facts(string? floor) => Members.View("n1 n2").Find("n2")!.Facts with { Floor = floor };
}
