using System.Diagnostics;
using System.Text.Json.Nodes;
using Connect.LoadTests.Failover;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class FailoverReadingTests
{
    [Fact]
    public void HAProxy_serves_only_what_runs_and_is_in_no_maintenance()
    {
        const string Answer = """
            1
            # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight
            3 boards 1 n1 127.0.0.1 2 0 1 1
            3 boards 2 n2 127.0.0.1 0 1 1 1
            3 boards 3 n3 127.0.0.1 0 0 1 1
            3 boards 4 n4 127.0.0.1 2 8 1 1
            3 boards 5 n5 127.0.0.1 2 4 1 1
            3 boards 6 n6 127.0.0.1 0 5 1 1

            """;
        Assert.Equal(["n1", "n5"], BalancerSocket.Parse(Answer).Order());
    }

    [Fact]
    public void Detection_is_when_the_successor_began_the_first_successful_change_after_the_kill()
    {
        var killed = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var audit = JsonNode.Parse("""
            { "items": [
              { "at": "2026-01-01T12:00:09+00:00", "action": "point at n1", "outcome": "replicating after 900 ms" },
              { "at": "2026-01-01T12:00:00.31+00:00", "action": "point at n1", "outcome": "replicating after 60 ms" },
              { "at": "2026-01-01T12:00:00.2+00:00", "action": "point at n1", "outcome": "not done: it is behind" },
              { "at": "2026-01-01T11:59:00+00:00", "action": "point at n1", "outcome": "replicating after 50 ms" } ] }
            """);
        Assert.Equal((250, 60), AuditReading.Of(audit, "n1", killed));
        Assert.Equal((null, null), AuditReading.Of(audit, "n3", killed));
    }

    [Theory]
    [InlineData(-20, 30, true)]    // under way when the node died
    [InlineData(350, 380, true)]   // the window ends at 300 + 100 ms
    [InlineData(390, 2000, true)]
    [InlineData(401, 402, false)]
    public void A_failed_request_is_inside_if_it_was_under_way_in_the_detection_window(double began, double ended, bool inside)
    {
        var round = Round(1, 10_000, 300);
        var failure = FailureOffset.Of(Failed(10_000 + began, 10_000 + ended), [round, Round(2, 60_000, 300)]);
        Assert.Equal((1, inside), (failure.Round, failure.Inside));
    }

    [Fact]
    public void A_failure_before_the_first_kill_is_outside() => Assert.False(FailureOffset.Of(Failed(1, 2), [Round(1, 10_000, 300)]).Inside);

    [Fact]
    public void A_ring_is_whole_only_with_everybody_in_place()
    {
        const string Whole = """
            { "board": "", "ring": { "closed": true, "order": ["n1","n2","n3"], "view": 7 }, "converged": true, "nodes": [
              { "name": "n1", "state": "alive", "engine": "MariaDB", "source": "n3", "replication": "running", "serverId": 1, "inLoadBalancer": true },
              { "name": "n2", "state": "alive", "engine": "MariaDB", "source": "n1", "replication": "running", "serverId": 2, "inLoadBalancer": true },
              { "name": "n3", "state": "alive", "engine": "MariaDB", "source": "n2", "replication": "running", "serverId": 3, "inLoadBalancer": true } ] }
            """;
        string[] names = ["n1", "n2", "n3"];
        Assert.Equal("", RingState.Parse(Whole).Ailment(names));
        Assert.Equal(("n3", "n2"), (RingState.Parse(Whole).Predecessor("n1"), RingState.Parse(Whole).Successor("n1")));
        Assert.NotEqual("", RingState.Parse(Whole.Replace("\"source\": \"n1\"", "\"source\": \"n3\"", StringComparison.Ordinal)).Ailment(names));
        Assert.NotEqual("", RingState.Parse(Whole.Replace("\"serverId\": 2, \"inLoadBalancer\": true", "\"serverId\": 2, \"inLoadBalancer\": false", StringComparison.Ordinal)).Ailment(names));
        Assert.NotEqual("", RingState.Parse(Whole).Ailment(["n1", "n2", "n3", "n4"]));
    }

    [Fact]
    public void Used_processor_time_is_read_even_if_a_program_has_a_strange_name()
    {
        var usage = ProcessUsage.Parse("42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 12 0 987654 1000 200");
        Assert.Equal(new ProcessUsage('S', 200, 987654), usage);
    }

    [Theory]
    [InlineData("n1,n2,n3", true)]
    [InlineData("n1,n3", false)] // the daemon calls it equal because nobody else answered
    public void Copies_are_equal_only_if_every_node_was_compared(string compared, bool equal)
    {
        var digests = string.Join(',', compared.Split(',').Select(name => $"\"{name}\":\"abc\""));
        var checksum = JsonNode.Parse($$"""{ "equal": true, "tables": [ { "table": "post", "digests": { {{digests}} } } ] }""");
        var numbers = new FailoverNumbers("MariaDB", ["n1", "n2", "n3"], new("mysql", KillSignal.Kill, 30, 0, 1), [], null, [], null, checksum, "");
        Assert.Equal(equal, numbers.ChecksumEqual);
    }

    private static Round Round(int number, double killedAtMs, double resultMs) => new()
    {
        Number = number,
        Victim = "n1",
        Predecessor = "n3",
        Successor = "n2",
        At = DateTimeOffset.UnixEpoch,
        KilledAt = Ticks(killedAtMs),
        FlowMs = resultMs,
        BalancerMs = resultMs / 2,
        SourceProven = true,
        ServedBefore = true,
        ProbesWritten = 1,
        ProbesFailed = 0,
    };

    private static FailedAttempt Failed(double began, double ended) => new("t", Ticks(began), Ticks(ended), "503", null);

    private static long Ticks(double milliseconds) => (long)(milliseconds * Stopwatch.Frequency / 1000);
}
