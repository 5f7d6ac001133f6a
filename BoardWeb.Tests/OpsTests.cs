using System.Net;
using System.Text.Json;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Tests.Stage;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>The operator's console, on what a daemon says: the daemon's own types, over HTTP and in its JSON.</summary>
public sealed class OpsTests(MariaDbStage stage)
{
    private static readonly DateTimeOffset At = new(2026, 11, 27, 3, 0, 0, TimeSpan.Zero);

    /// <summary>What happens to n2, what the console makes of it, and what it tells to type.</summary>
    public static TheoryData<string, bool, string, string?> Troubles => new()
    {
        { "silent", true, "n2 does not answer. The others do its work meanwhile.", "./connect start n2" },
        { "suspect", true, "n2 does not answer. The others do its work meanwhile.", "./connect start n2" },
        { "joining", true, "n2 is joining: it has no readers yet.", "./connect explain n2" },
        { "maintenance", false, "n2 has been taken out on purpose.", "./connect maintenance off n2" },
        { "leaving", false, "n2 has been taken out on purpose.", null },
        { "daemon", true, "The daemon of n2 does not answer.", "./connect logs n2" },
        { "server", true, "The database of n2 does not answer.", "./connect explain n2" },
        { "board", true, "The board of n2 does not answer.", "./connect logs n2" },
        { "stopped", true, "n2 does not take what n1 sends.", "./connect rejoin n2" },
        { "open", true, "The ring is open: what is written on one node does not reach all others.", "./connect topology" },
        { "differs", true, "Rows that differ between n2 and n1: 3.", "./connect checksum" },
        { "unread", false, "n2 gets no readers.", "./connect explain n2" },
        { "readonly", false, "n2 takes no posts for now; it can be read.", "./connect explain n2" },
        { "soon", false, "n2 will need rows instead of logs in 90 minutes: bring it back before.", null },
        { "none", false, "n2 will need rows instead of logs when it comes back, which takes longer. It does that by itself.", null },
        { "odd", false, "n2 is set to be writable in the smaller part of a cut ring, most nodes are not: set all of them alike.", null },
    };

    [Theory]
    [MemberData(nameof(Troubles))]
    public void Whatever_is_wrong_is_said_with_what_to_do(string trouble, bool isFault, string text, string? command)
    {
        var finding = Assert.Single(RingFinding.Of(AsTheBoardReadsIt(With(trouble))));
        Assert.Equal((isFault, text, command), (finding.IsFault, finding.Text, finding.Command));
    }

    [Fact]
    public void The_verdict_is_the_one_of_the_command_line_and_a_ring_that_is_well_has_no_findings()
    {
        Assert.Empty(RingFinding.Of(AsTheBoardReadsIt(Well())));
        Assert.True(AsTheBoardReadsIt(Well()).IsHealthy);
        Assert.All(Troubles, t => Assert.Equal(With(t.Data.Item1).IsHealthy(), AsTheBoardReadsIt(With(t.Data.Item1)).IsHealthy));
        Assert.False(AsTheBoardReadsIt(new()).IsHealthy);
    }

    [Fact]
    public void Faults_come_first()
    {
        var ring = Well();
        ring = ring with { Nodes = [ring.Nodes[0] with { ReadOnly = "it sees 1 of 3" }, ring.Nodes[1] with { State = "unreachable" }, ring.Nodes[2]] };
        Assert.Equal([true, false], RingFinding.Of(AsTheBoardReadsIt(ring)).Select(f => f.IsFault));
    }

    [Fact]
    public async Task Only_administrators_see_it()
    {
        using var guest = new PlainBrowser(stage.A.Url);
        await guest.GoAsync("/ops");
        Assert.StartsWith("/signin", guest.Path, StringComparison.Ordinal);
        await guest.SignUpAsync($"Curious {PageTests.Unique()}");
        await guest.GoAsync("/ops");
        Assert.Equal(HttpStatusCode.Forbidden, guest.Status);
        Assert.DoesNotContain("/ops", (await guest.GoAsync("/")).DocumentElement.OuterHtml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_what_is_wrong_where_and_what_the_daemon_did_and_none_of_it_is_markup()
    {
        await using var node = await BoardNode.StartAsync(stage.Server, "n3");
        await node.ReadyAsync();
        using var browser = await AdministratorAsync(node);
        node.Daemon.Ring = Well();
        var page = await browser.GoAsync("/moderation");
        page = await browser.FollowAsync("a[href='/ops']");
        Assert.Equal("All is well: the ring is closed, and every node does its work.", page.QuerySelector(".verdict.well")!.TextContent);
        Assert.Empty(page.QuerySelectorAll(".findings li"));
        Assert.Equal(3, page.QuerySelectorAll(".nodes li").Length);
        Assert.Contains("replicates from n1 (running) · 0.0 s behind · gets readers · MariaDB 10.11.19 up · BoardWeb up · RingDaemon up", page.QuerySelectorAll(".nodes li")[1].TextContent, StringComparison.Ordinal);

        node.Daemon.Ring = With("unread");
        Assert.Equal("The ring does its work. To know:", (await browser.GoAsync("/ops")).QuerySelector(".verdict.well")!.TextContent);
        node.Daemon.Ring = With("differs"); // the command line calls it healthy too, and names the rows in red
        Assert.Equal("Something is wrong:", (await browser.GoAsync("/ops")).QuerySelector(".verdict.ill")!.TextContent);

        const string Evil = "<img src=x onerror=alert(1)>";
        node.Daemon.Ring = With("silent") with { Nodes = [.. With("silent").Nodes.Select(n => n with { Why = Evil, Engine = Evil })] };
        node.Daemon.Audit = [new(At, "n3", "bridge n2" + Evil, "it is silent", "replicates from n1")];
        page = await browser.GoAsync("/ops");
        Assert.Equal("Something is wrong:", page.QuerySelector(".verdict.ill")!.TextContent);
        Assert.Equal("./connect start n2", page.QuerySelector(".findings .ill code")!.TextContent);
        Assert.Equal(Evil, page.QuerySelector(".findings .meta")!.TextContent);
        Assert.Contains("bridge n2" + Evil, page.QuerySelector(".log li")!.TextContent, StringComparison.Ordinal);
        Assert.Null(page.QuerySelector("main img"));

        node.Daemon.Broken = true;
        page = await browser.GoAsync("/ops");
        Assert.Equal(HttpStatusCode.OK, browser.Status);
        Assert.Equal("The daemon of this node does not say how the ring is.", page.QuerySelector(".verdict.ill")!.TextContent);
    }

    private async Task<PlainBrowser> AdministratorAsync(BoardNode node)
    {
        var browser = new PlainBrowser(node.Url);
        await browser.SignInAsync("administrator", stage.Token);
        return browser;
    }

    private static Ring.RingReport AsTheBoardReadsIt(RingDaemon.Api.RingReport report) => report.ToJson().Deserialize<Ring.RingReport>(JsonSerializerOptions.Web)!;

    internal static RingDaemon.Api.RingReport Well() => new()
    {
        Board = "http://127.0.0.1:8080",
        Ring = new(true, ["n1", "n2", "n3"], 7),
        Converged = true,
        Nodes = [.. Enumerable.Range(1, 3).Select(i => new NodeStatus
        {
            Name = $"n{i}", State = "alive", Engine = "MariaDB 10.11.19", Source = $"n{(i == 1 ? 3 : i - 1)}", Replication = "running", LagSeconds = 0, Mysql = new("127.0.0.1", 13305 + i, true),
            Web = new($"http://127.0.0.1:{8080 + i}", true), Daemon = new($"http://127.0.0.1:{7080 + i}", true), ServerId = (uint)i, InLoadBalancer = true, Minority = "readonly",
            Compared = new(At, "n1", true, 0, []),
        })],
    };

    /// <summary>A ring in which n2 has some trouble.</summary>
    internal static RingDaemon.Api.RingReport With(string trouble)
    {
        var ring = Well();
        var n2 = ring.Nodes[1];
        n2 = trouble switch
        {
            "silent" => n2 with { State = "unreachable", Mysql = n2.Mysql with { Up = false }, Web = n2.Web with { Up = false }, Daemon = n2.Daemon with { Up = false }, InLoadBalancer = false, Replication = "stopped" },
            "suspect" or "joining" or "maintenance" or "leaving" => n2 with { State = trouble, InLoadBalancer = false },
            "daemon" => n2 with { Daemon = n2.Daemon with { Up = false } },
            "server" => n2 with { Mysql = n2.Mysql with { Up = false } },
            "board" => n2 with { Web = n2.Web with { Up = false } },
            "stopped" => n2 with { Replication = "stopped" },
            "differs" => n2 with { Compared = new(At, "n1", false, 3, []) },
            "unread" => n2 with { InLoadBalancer = false },
            "readonly" => n2 with { ReadOnly = "it sees 1 of 3" },
            "soon" => n2 with { Logs = new("n2", At, 5430, LogsLeft.Soon, ["n1"]) },
            "none" => n2 with { Logs = new("n2", At, 0, LogsLeft.None, []) },
            "odd" => n2 with { Minority = "writable" },
            _ => n2,
        };
        return ring with { Ring = ring.Ring with { Closed = trouble != "open" }, Nodes = [ring.Nodes[0], n2, ring.Nodes[2]] };
    }
}
