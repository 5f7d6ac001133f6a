using System.Text.Json.Nodes;
using Connect.RingDaemon.Cli;
using Connect.RingDaemon.Cli.Verbs;
using Xunit;

namespace Connect.RingDaemon.Tests.Cli;

public sealed class RingReportTests
{
    [Fact]
    public void The_keys_are_those_of_the_contract()
    {
        var json = Reports.Ring(1).ToJson().AsObject();
        Assert.Equal(["board", "ring", "converged", "nodes"], json.Select(f => f.Key));
        Assert.Equal(["closed", "order", "view"], json["ring"]!.AsObject().Select(f => f.Key));
        var node = json["nodes"]![0]!.AsObject();
        Assert.Equal(["name", "state", "engine", "source", "replication", "lagSeconds", "mysql", "web", "daemon", "serverId", "inLoadBalancer"], node.Select(f => f.Key));
        Assert.Equal(["host", "port", "up"], node["mysql"]!.AsObject().Select(f => f.Key));
        Assert.Equal(["url", "up"], node["web"]!.AsObject().Select(f => f.Key));
        Assert.Equal(["url", "up"], node["daemon"]!.AsObject().Select(f => f.Key));
    }

    [Fact]
    public void What_is_written_is_what_is_read() => Assert.Equivalent(Reports.Ring(3), RingReport.From(Reports.Ring(3).ToJson()), strict: true);

    [Fact]
    public void A_ring_that_is_open_or_has_a_node_in_trouble_is_not_healthy()
    {
        var ring = Reports.Ring(3);
        Assert.True(ring.IsHealthy());
        Assert.False((ring with { Ring = ring.Ring with { Closed = false } }).IsHealthy());
        Assert.False((ring with { Nodes = [ring.Nodes[0] with { State = "suspect" }, .. ring.Nodes.Skip(1)] }).IsHealthy());
        Assert.False((ring with { Nodes = [ring.Nodes[0] with { Web = new("", false) }, .. ring.Nodes.Skip(1)] }).IsHealthy());
        Assert.True((ring with { Nodes = [ring.Nodes[0] with { State = "maintenance" }, .. ring.Nodes.Skip(1)] }).IsHealthy());
    }

    [Fact]
    public void The_table_has_a_line_a_node_and_no_escapes()
    {
        using var output = new StringWriter();
        StatusVerb.Write(output, Terminal.Plain, Reports.Ring(2));
        Assert.Equal("""
            healthy: ring closed, converged, 2 nodes, board http://127.0.0.1:8080
            NODE  STATE  SOURCE  REPLICATION  LAG    MYSQL      WEB       DAEMON    TRAFFIC  SERVER
            n1    alive  n2      running      0.0 s  up :13306  up :8081  up :7081  yes      MariaDB 10.11.19 id 1
            n2    alive  n1      running      0.0 s  up :13307  up :8082  up :7082  yes      MariaDB 10.11.19 id 2

            """, output.ToString());
    }
}

public sealed class RingComparisonTests
{
    [Fact]
    public void Equal_tables_on_every_node_are_equal()
    {
        var result = RingComparison.Compare(["n1", "n2"], [Digest(("post", "ab", 3)), Digest(("post", "ab", 3))]);
        Assert.True(result.Equal);
        var json = result.ToJson();
        Assert.Equal("ab", (string?)json["tables"]![0]!["digests"]!["n2"]);
        Assert.Equal(3, (long)json["tables"]![0]!["rows"]!["n1"]!);
        Assert.NotNull(json["agreedAt"]);
    }

    [Fact]
    public void A_table_that_differs_is_named()
    {
        var result = RingComparison.Compare(["n1", "n2"], [Digest(("post", "ab", 3), ("topic", "x", 1)), Digest(("post", "cd", 4), ("topic", "x", 1))]);
        Assert.Equal((false, "post differ"), (result.Equal, result.Why));
        Assert.Null(result.ToJson()["agreedAt"]);
    }

    [Fact]
    public void A_silent_node_is_not_equal() =>
        Assert.Equal("n2 did not answer", RingComparison.Compare(["n1", "n2"], [Digest(("post", "ab", 3)), null]).Why);

    private static JsonObject Digest(params (string Table, string Digest, long Rows)[] tables) => new()
    {
        ["reached"] = true,
        ["tables"] = new JsonArray([.. tables.Select(t => (JsonNode)new JsonObject { ["table"] = t.Table, ["digest"] = t.Digest, ["rows"] = t.Rows })]),
    };
}
