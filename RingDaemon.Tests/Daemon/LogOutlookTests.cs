using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Tests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Daemon;

/// <summary>Who may be away for how long; logs are kept for seven days unless a story says something else.</summary>
public sealed class LogOutlookTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Who_is_there_may_be_away_for_as_long_as_somebody_else_keeps_logs()
    {
        var view = Kept("n1 n2 n3", ("n1", 86400), ("n2", 604800), ("n3", 172800));
        Assert.Equal(604800, Outlook(view, "n1").SecondsLeft);
        Assert.Equal(172800, Outlook(view, "n2").SecondsLeft); // its own logs are no help
        Assert.Equal("may be away for 2.0 days: so long n1 and n3 keep logs", Outlook(view, "n2").ToString());
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(null)]
    public void Logs_that_are_kept_for_ever_or_nobody_knows_how_long_have_no_end(uint? keeps) =>
        Assert.Equal((null, LogsLeft.Enough), (Outlook(Kept("n1 n2", ("n1", keeps)), "n2") is var o ? o.SecondsLeft : 0, o.Left));

    [Theory]
    [InlineData(1, LogsLeft.Enough)]
    [InlineData(5.2, LogsLeft.Enough)]
    [InlineData(5.3, LogsLeft.Soon)]
    [InlineData(8, LogsLeft.Soon)] // nobody has begun a new log since: they are still there
    public void Who_is_away_has_less_left_each_day(double days, LogsLeft left)
    {
        var view = Kept("n1 n2! n3", ("n1", 604800), ("n3", 604800));
        var outlook = LogOutlook.Of(view.Find("n2")!, view, Away("1-1-9,2-2-9,3-3-9"), Noon.AddDays(days));
        Assert.Equal((left, Math.Max(0, Math.Round((7 - days) * 86400))), (outlook.Left, outlook.SecondsLeft));
        Assert.Equal(["n1", "n3"], outlook.KeptBy);
    }

    [Theory]
    [InlineData("1-1-9", "", "n1 n3", LogsLeft.Enough)]
    [InlineData("1-1-10", "", "n3", LogsLeft.Enough)]        // one of two was purged by hand
    [InlineData("1-1-10", "3-3-10", "", LogsLeft.None)]
    [InlineData("2-2-50", "2-2-50", "n1 n3", LogsLeft.Enough)] // what it wrote itself it need not be sent
    [InlineData(null, "3-3-10", "n1", LogsLeft.Enough)]      // not known: it may have them
    public void Whoever_purged_what_it_lacks_is_no_help(string? floorOfN1, string floorOfN3, string keptBy, LogsLeft left)
    {
        var view = Kept("n1 n2! n3", ("n1", 604800), ("n3", 604800));
        view = view with { Members = [.. view.Members.Select(m => m with { Facts = m.Facts with { Floor = m.Name == "n1" ? floorOfN1 : floorOfN3 } })] };
        var outlook = LogOutlook.Of(view.Find("n2")!, view, Away("1-1-9,2-2-9,3-3-9"), Noon.AddHours(1));
        Assert.Equal((keptBy, left), (string.Join(' ', outlook.KeptBy), outlook.Left));
    }

    [Fact]
    public void An_absence_goes_on_until_its_member_is_back_and_begins_anew_with_another_server()
    {
        var position = GtidSet.Parse(Engine.MariaDB, "1-1-9");
        var first = Absence.After([], Members.View("n1 n2! n3-"), "n1", position, Noon);
        Assert.Equal(["n2", "n3"], first.Select(a => a.Name)); // a server that is down is as far away
        var later = Absence.After(first, Members.View("n1 n2! n3"), "n1", null, Noon.AddDays(1));
        Assert.Equal([first[0]], later);
        Assert.Equal(later, Absence.After(later, Members.View("n2! n3"), "n1", null, Noon)); // this node is not in the ring yet
        Assert.Empty(Absence.After(later, Members.View("n1 n2 n3"), "n1", null, Noon));
        var renamed = new View(2, [.. Members.View("n1 n2!").Members.Select(m => m with { Facts = m.Facts with { Origin = "77" } })]);
        Assert.Equal(Noon.AddDays(2), Absence.After(later, renamed, "n1", null, Noon.AddDays(2)).Single().Since);
    }

    [Fact]
    public void It_is_said_in_words()
    {
        var view = Kept("n1 n2! n3", ("n1", 604800), ("n3", 604800));
        string Said(double days) => LogOutlook.Of(view.Find("n2")!, view, Away("1-1-9"), Noon.AddDays(days)).ToString();
        Assert.Equal("away since 2026-05-01 12:00 UTC: n1 and n3 keep the logs it lacks for another 6.0 days; after that it needs rows", Said(1));
        Assert.Equal("away since 2026-05-01 12:00 UTC: n1 and n3 keep the logs it lacks for another 12 hours; after that it needs rows", Said(6.5));
        Assert.Equal("away since 2026-05-01 12:00 UTC: n1 and n3 keep the logs it lacks until the next log is begun; after that it needs rows", Said(9));
    }

    private static Absence Away(string position) => new("n2", "2", Noon, position);

    private static LogOutlook Outlook(View view, string name) => LogOutlook.Of(view.Find(name)!, view, null, Noon);

    private static View Kept(string view, params (string Name, uint? Seconds)[] kept)
    {
        var members = Members.View(view);
        return members with { Members = [.. members.Members.Select(m => m with { Facts = m.Facts with { KeepsLogsSeconds = kept.FirstOrDefault(k => k.Name == m.Name).Seconds } })] };
    }
}
