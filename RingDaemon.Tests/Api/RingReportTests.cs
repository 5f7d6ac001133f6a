using System.Text.Json.Nodes;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Cli;
using Connect.RingDaemon.Cli.Verbs;
using Connect.RingDaemon.Tests.Cli;
using Xunit;

namespace Connect.RingDaemon.Tests.Api;

public sealed class RingReportTests
{
    [Fact]
    public void The_keys_are_those_of_the_contract()
    {
        var json = Reports.Ring(1).ToJson().AsObject();
        Assert.Equal(["board", "ring", "converged", "nodes"], json.Select(f => f.Key));
        Assert.Equal(["closed", "order", "view"], json["ring"]!.AsObject().Select(f => f.Key));
        var node = json["nodes"]![0]!.AsObject();
        Assert.Equal(["name", "state", "engine", "source", "replication", "lagSeconds", "mysql", "web", "daemon", "serverId", "inLoadBalancer", "why", "readOnly", "minority", "position", "compared", "logs"], node.Select(f => f.Key));
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

public sealed class ChecksumTextTests
{
    [Fact]
    public void Equal_nodes() => Assert.Equal("""
        equal: 2 nodes, 1 tables
        TABLE  N1               N2               SAME
        post   3 rows abababab  3 rows abababab  yes

        """, Text("""{"equal":true,"tables":[{"table":"post","digests":{"n1":"abababababab","n2":"abababababab"},"rows":{"n1":3,"n2":3}}]}"""));

    [Fact]
    public void A_table_that_differs_and_a_node_that_is_silent_are_named() => Assert.Equal("""
        not equal: post differ; n3 did not answer
        TABLE  N1         N2         SAME
        post   3 rows ab  4 rows cd  no

        """, Text("""{"equal":false,"tables":[{"table":"post","digests":{"n1":"ab","n2":"cd"},"rows":{"n1":3,"n2":4}}],"note":"n3 did not answer"}"""));

    private static string Text(string json)
    {
        using var output = new StringWriter();
        ChecksumVerb.Write(output, Terminal.Plain, JsonNode.Parse(json)!);
        return output.ToString();
    }
}
