using Connect.LoadTests.Nemesis;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>
/// The small version of scripts/nemesis (docs/nemesis.md): real servers in network namespaces, a few faults with a fixed seed. It needs root; where namespaces cannot be
/// made it fails and says so.
/// </summary>
[Collection("cluster")]
public sealed class NemesisStories
{
    [Fact]
    public Task A_MariaDB_ring_survives_crashes_cut_wires_a_lost_disk_and_a_power_loss() =>
        SurvivesAsync("mariadb", port: 23480, "kill-node", "halves", "isolate", "repoint-crash", "data-deleted", "power-loss");

    [Fact]
    public Task A_MySQL_ring_survives_freezes_one_way_wires_a_damaged_relay_log_and_a_wrong_clock() =>
        SurvivesAsync("mysql", port: 23580, "stop-node", "cut-one-way", "relay-corrupt", "kill-mysql", "clock", "kill-haproxy");

    private static async Task SurvivesAsync(string engine, int port, params string[] kinds)
    {
        var story = new StringWriter();
        var options = new NemesisOptions(Seed: 20261120, TimeSpan.FromMinutes(4), kinds) { MaxFaults = kinds.Length };
        var folder = Path.Combine(Path.GetTempPath(), $"connect-nemesis-{engine}-{Environment.ProcessId}");
        var found = await new NemesisRun(options, engine, nodes: 3, folder, port, story).RunAsync(TestContext.Current.CancellationToken);
        Assert.True(found.Violation.Length == 0 && found.Verdicts.All(v => v.Passed), $"{found.Violation}\n{story}");
        Assert.Equal(kinds.Order(), found.Faults.Select(f => f.Kind).Order());
        Assert.All(found.Faults, f => Assert.True(f.Acknowledged > 0, $"{f.Kind}: nobody was told that a post is saved"));
        Assert.Contains(found.Timeline, m => !m.Closed);
    }
}
