using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.LoadTests.Nemesis;
using Connect.LoadTests.Ring;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>A ring of three with <c>minority: readonly</c>, each node in a network namespace of its own: real servers, real wires. It needs root, like the nemesis stories.</summary>
[Collection("cluster")]
public sealed class MinorityStories : IAsyncDisposable
{
    /// <summary>Gossip gives up both others within 7 s where it gets its turn at once, and the board asks its daemon twice a second. The bound of docs/operations.md; two cores that other things use needed 8.8 s once.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan ToHeal = TimeSpan.FromSeconds(60), LookEvery = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(10) };
    private LocalRing? _local;
    private string _topic = "";

    private LocalRing Local => _local!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_local is not null) await _local.DownAsync(wipe: true);
        _http.Dispose();
    }

    [Theory]
    [InlineData(Engine.MariaDB, 23680)]
    [InlineData(Engine.MySQL, 23780)]
    public async Task The_smaller_side_refuses_posts_and_can_be_read_and_after_healing_all_are_equal(Engine engine, int port)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"connect-minority-{engine.ToString().ToLowerInvariant()}-{Environment.ProcessId}");
        _local = await LocalRing.UpAsync(new UpOptions(folder) { Engine = engine, Port = port, Namespaces = true, Minority = MinorityPolicy.ReadOnly }, SilentProgress.Instance);
        await UntilAsync("n1", s => s.Ring.Closed && s.Nodes.All(n => n is { State: "alive", InLoadBalancer: true, ReadOnly: null }));
        var wires = new Wires(RingUnderTest.Open(folder));
        _topic = await TopicAsync();

        // n3 is cut off from the others. The load balancer reaches all three.
        var cut = DateTime.UtcNow;
        foreach (var other in new[] { "n1", "n2" }) await wires.CutBothAsync("n3", other, Cancel);
        var refused = await RefusesAsync("n3", cut);
        Assert.Contains("it sees 1 of 3 members", refused, StringComparison.Ordinal);
        await TakesPostsAsync(BoardOf("n1"), "from n1 while n3 is away", HttpStatusCode.Created);
        await TakesPostsAsync(BoardOf("n2"), "from n2 while n3 is away", HttpStatusCode.Created);
        await ReadableAsync("n3");
        // Who comes by the board's own address is sent where posts are taken.
        await UntilAsync("n1", s => s.Nodes.Single(n => n.Name == "n3").InLoadBalancer is false && s.Nodes.Count(n => n.InLoadBalancer) == 2);
        for (var i = 0; i < 6; i++) await TakesPostsAsync(Local.Description.BoardUrl, $"by the load balancer, {i}", HttpStatusCode.Created);

        // Now the load balancer is cut off with n3: the board can be read, and says why nothing is saved.
        foreach (var other in new[] { "n1", "n2" }) await wires.CutBothAsync(other, Wires.Machine, Cancel);
        Assert.True(await Eventually.TrueAsync(async _ => await StatusOfAsync(Local.Description.BoardUrl + "/") == HttpStatusCode.OK, ToHeal, LookEvery, Cancel), "nobody can be read through the load balancer");
        using (var post = await PostAsync(Local.Description.BoardUrl, "by the load balancer of the smaller side"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, post.StatusCode);
            Assert.Contains("cannot reach most of the others", await post.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }

        await wires.MendAsync(Cancel);
        await UntilAsync("n3", s => s.Ring.Closed && s.Converged && s.Nodes.All(n => n is { State: "alive", InLoadBalancer: true, ReadOnly: null }));
        foreach (var node in Local.Description.Nodes) await TakesPostsAsync(BoardOf(node.Name), $"from {node.Name} after healing", HttpStatusCode.Created);
        var equal = await AskDaemonAsync<ChecksumReport>("n3", "/v1/checksum");
        Assert.True(equal.Equal, JsonSerializer.Serialize(equal));
        var audit = (await AskDaemonAsync<JsonNode>("n3", "/v1/audit"))["items"]!.AsArray().Select(e => (string)e!["action"]!).ToArray();
        Assert.Contains("take no posts", audit);
        Assert.Contains("take posts again", audit);
    }

    /// <summary>Waits until the node refuses a post, which it must in time, and returns why it does.</summary>
    private async Task<string> RefusesAsync(string node, DateTime since)
    {
        var why = "";
        var refused = await Eventually.TrueAsync(async _ =>
        {
            using var answer = await PostAsync(BoardOf(node), $"{Guid.NewGuid()}");
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable) return false;
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            why = (string?)(await answer.Content.ReadFromJsonAsync<JsonNode>(Cancel))!["detail"] ?? "";
            return why.Contains("cannot reach most", StringComparison.Ordinal);
        }, ToHeal, LookEvery, Cancel);
        var took = DateTime.UtcNow - since;
        Assert.True(refused && took < Noticed, $"{node} {(refused ? $"refused posts after {took.TotalSeconds:0.0} s" : "never refused a post")}: {why}");
        TestContext.Current.SendDiagnosticMessage($"{node} refused posts {took.TotalSeconds:0.0} s after the cut");
        return why;
    }

    private async Task ReadableAsync(string node)
    {
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(BoardOf(node) + "/health/ready"));
        using var page = await _http.GetAsync($"{BoardOf(node)}/t/{_topic}", Cancel);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("takes nothing new for now", await page.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    private async Task TakesPostsAsync(string board, string body, HttpStatusCode wanted)
    {
        var last = "";
        var taken = await Eventually.TrueAsync(async _ =>
        {
            using var answer = await PostAsync(board, body);
            last = $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Cancel)}";
            return answer.StatusCode == wanted;
        }, TimeSpan.FromSeconds(20), LookEvery, Cancel);
        Assert.True(taken, $"{board} did not answer {wanted} to '{body}': {last}");
    }

    private async Task<string> TopicAsync()
    {
        JsonNode? made = null;
        Assert.True(await Eventually.TrueAsync(async _ =>
        {
            using var answer = await SendAsync(Local.Description.BoardUrl, "/api/v1/channels/general/topics", new { title = "Partitions", body = "the first post" });
            made = answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonNode>(Cancel) : null;
            return made is not null;
        }, ToHeal, LookEvery, Cancel), "no topic could be made");
        return (string)made!["id"]!;
    }

    private Task<HttpResponseMessage> PostAsync(string board, string body) => SendAsync(board, $"/api/v1/topics/{_topic}/posts", new { body });

    private async Task<HttpResponseMessage> SendAsync(string board, string path, object content)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, board + path) { Content = JsonContent.Create(content) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", SecretFile.Read(Local.Folder.TokenFile).Trim());
            return await _http.SendAsync(request, Cancel);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !Cancel.IsCancellationRequested)
        {
            return new(HttpStatusCode.BadGateway) { Content = new StringContent(e.Message) };
        }
    }

    private async Task<HttpStatusCode> StatusOfAsync(string url)
    {
        try
        {
            using var answer = await _http.GetAsync(url, Cancel);
            return answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !Cancel.IsCancellationRequested)
        {
            return HttpStatusCode.BadGateway;
        }
    }

    private string BoardOf(string node) => Local.Description.WebUrl(Local.Description.Node(node));

    private async Task<T> AskDaemonAsync<T>(string node, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Local.Description.DaemonUrl(Local.Description.Node(node)) + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ClusterKeys.Load(Local.Folder.KeyFile).ApiToken);
        using var response = await _http.SendAsync(request, Cancel);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<T>(Cancel))!;
    }

    private async Task UntilAsync(string from, Func<RingReport, bool> condition)
    {
        RingReport? last = null;
        var reached = await Eventually.TrueAsync(async _ =>
        {
            try
            {
                last = await AskDaemonAsync<RingReport>(from, "/v1/status");
                return condition(last);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !Cancel.IsCancellationRequested)
            {
                return false;
            }
        }, ToHeal, LookEvery, Cancel);
        Assert.True(reached, $"not reached: {JsonSerializer.Serialize(last)}");
    }
}
