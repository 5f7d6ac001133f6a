using Connect.LoadTests.FalseBridges;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class FalseBridgesReadingTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("point at n1", "replicating after 60 ms", true)]
    [InlineData("point at n1", "connected, but this node's own MySQL does not apply: no room", true)]
    [InlineData("point at n1", "not done: its MySQL does not answer me", false)]
    [InlineData("point at n1", "failed: this node's own MySQL: gone", false)]
    [InlineData("stop replicating", "stopped", true)]
    public void What_a_node_did_or_tried_to_do_about_its_source_is_told_apart(string action, string outcome, bool made)
    {
        var change = AuditFiles.Parse($$"""{ "at": "2026-01-01T12:00:00+00:00", "node": "n3", "action": "{{action}}", "evidence": "because", "outcome": "{{outcome}}" }""");
        Assert.Equal(("n3", made), (change?.Node, change?.Made));
    }

    [Fact]
    public void A_change_is_dated_from_its_beginning() =>
        Assert.Equal(Noon - TimeSpan.FromMilliseconds(60), AuditFiles.Parse("""{ "at": "2026-01-01T12:00:00+00:00", "node": "n3", "action": "point at n1", "evidence": "", "outcome": "replicating after 60 ms" }""")!.DecidedAt);

    [Theory]
    [InlineData("""{ "at": "2026-01-01T12:00:00+00:00", "node": "n3", "action": "become serving", "evidence": "", "outcome": "" }""")]
    [InlineData("""{ "at": "2026-01-01T12:00""")]
    public void Other_decisions_and_half_a_line_are_none(string line) => Assert.Null(AuditFiles.Parse(line));

    [Fact]
    public void Changes_of_the_others_are_counted_before_and_after_a_node_woke()
    {
        var pause = new Pause(1, "node", "n2", 4000, 4001, Noon, Noon.AddSeconds(4), 9.5,
            [Change(2, "n3"), Change(2.5, "n1", made: false), Change(4.2, "n2"), Change(5.5, "n3"), Change(5.6, "n1")]);
        Assert.Equal((1, 2, 1, 1), (pause.AwayByOthers, pause.BackByOthers, pause.Own, pause.Attempts));
    }

    private static SourceChange Change(double seconds, string node, bool made = true) => new(Noon.AddSeconds(seconds), node, "point at n1", "", "", made);
}
