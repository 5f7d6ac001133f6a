using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Cluster;

public sealed class MariaDbRing() : TestRing(Engine.MariaDB, port: 23080);

public sealed class MySqlRing() : TestRing(Engine.MySQL, port: 23180);

/// <summary>
/// A whole ring of real servers, daemons and boards behind a real HAProxy, as <c>connect up</c> makes it: the stories break it and look at it from outside, through
/// the HTTP interfaces that people and operators use.
/// </summary>
public abstract class TestRing(Engine engine, int port, int nodes = 3, bool namespaces = false) : IAsyncLifetime
{
    private static readonly TimeSpan ToHeal = TimeSpan.FromSeconds(60);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"connect-ring-{engine.ToString().ToLowerInvariant()}-{port}-{Environment.ProcessId}");
    private readonly int _port = Free(port);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly ConcurrentDictionary<string, string> _acknowledged = new();
    private LocalRing? _local;
    private readonly SemaphoreSlim _oneTopic = new(1);
    private string? _topic;

    public LocalRing Local => _local ?? throw new InvalidOperationException("The ring is not up.");

    public string Folder => _folder;

    public Engine Engine => engine;

    public string Balancer => Local.Description.BoardUrl;

    public IReadOnlyList<string> Names => [.. Local.Description.Nodes.Select(n => n.Name)];

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await UpAsync();

    public async ValueTask DisposeAsync()
    {
        if (_local is not null) await _local.DownAsync(wipe: true);
        _http.Dispose();
        _oneTopic.Dispose();
        GC.SuppressFinalize(this);
    }

    public async Task UpAsync() =>
        _local = await LocalRing.UpAsync(new UpOptions(_folder) { Engine = engine, Port = _port, Nodes = nodes, Namespaces = namespaces }, SilentProgress.Instance);

    public string DaemonOf(string node) => Local.Description.DaemonUrl(Local.Description.Node(node));

    public string BoardOf(string node) => Local.Description.WebUrl(Local.Description.Node(node));

    public Task KillAsync(string node, Target what = Target.Node, Signal signal = Signal.Kill) => Local.KillAsync(node, what, signal, Cancel);

    /// <summary>Brings it back and waits until the whole ring is well.</summary>
    public async Task StartAsync(string node)
    {
        try
        {
            await Local.StartAsync(node, SilentProgress.Instance, ToHeal, Cancel);
        }
        catch (LocalRingException e)
        {
            Assert.Fail($"{e.Message} {Evidence.Keep(Local.Folder)}");
        }
        await HealthyAsync();
    }

    /// <summary>How many posts were acknowledged since the ring was made.</summary>
    public int AcknowledgedPosts => _acknowledged.Count;

    /// <summary>The ring as one living node sees it.</summary>
    public async Task<RingReport?> StatusAsync(string? from = null)
    {
        foreach (var node in from is null ? Names : [from])
        {
            try
            {
                return await AskDaemonAsync<RingReport>(HttpMethod.Get, node, "/v1/status");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !Cancel.IsCancellationRequested)
            {
                // The next one may live.
            }
        }
        return null;
    }

    /// <summary>Waits until the ring is what the condition says, and fails with what it last was.</summary>
    public async Task<RingReport> UntilAsync(Func<RingReport, bool> condition, string what, TimeSpan? deadline = null, string? from = null)
    {
        RingReport? last = null;
        var reached = await Eventually.TrueAsync(async _ => (last = await StatusAsync(from)) is { } status && condition(status), deadline ?? ToHeal, LookEvery, Cancel);
        if (!reached) Assert.Fail($"{what}: not reached. {Evidence.Keep(Local.Folder)}. Last: {JsonSerializer.Serialize(last)}");
        return last!;
    }

    /// <summary>Waits until these nodes, and no others, form a closed ring behind the load balancer.</summary>
    public Task<RingReport> RingOfAsync(params string[] nodes) => UntilAsync(
        s => s.Ring.Closed && s.Nodes.Where(n => n.State == "alive" && n.InLoadBalancer).Select(n => n.Name).Order().SequenceEqual(nodes.Order()),
        $"a closed ring of {string.Join(", ", nodes)}");

    /// <summary>A healthy ring of the three founders to begin a story with. Where the story before left something else, it is made anew.</summary>
    public async Task BeginAsync()
    {
        if (Names.Count == 3 && await Eventually.TrueAsync(async _ => IsWell(await StatusAsync()), TimeSpan.FromSeconds(45), LookEvery, Cancel)) return;
        Evidence.Keep(Local.Folder);
        await Local.DownAsync(wipe: true);
        (_topic, _local) = (null, null);
        _acknowledged.Clear();
        await UpAsync();
        await HealthyAsync();
    }

    /// <summary>Waits until every node is alive, has readers, stands in one ring, and holds the same rows.</summary>
    public async Task HealthyAsync() => await UntilAsync(IsWell, "a healthy ring");

    private static bool IsWell(RingReport? status) =>
        status is { Ring.Closed: true, Converged: true } && status.Nodes.All(n => n is { State: "alive", InLoadBalancer: true });

    public async Task EqualAsync()
    {
        var report = await AskDaemonAsync<ChecksumReport>(HttpMethod.Get, (await StatusAsync())!.Nodes.First(n => n.State == "alive").Name, "/v1/checksum");
        if (!report.Equal) Assert.Fail($"{JsonSerializer.Serialize(report)} {Evidence.Keep(Local.Folder)}");
    }

    public async Task<T> AskDaemonAsync<T>(HttpMethod method, string node, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, DaemonOf(node) + path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ClusterKeys.Load(Local.Folder.KeyFile).ApiToken);
        using var response = await _http.SendAsync(request, Cancel);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<T>(Cancel))!;
    }

    /// <summary>Posts through an address until it is acknowledged, as a patient client would: the same key each time.</summary>
    /// <returns>The post's id, and how many other nodes held it then.</returns>
    public async Task<(string Id, int Copies)> PostAsync(string board, string body)
    {
        var topic = await TopicAsync(board);
        var answer = await AcknowledgedAsync(board, $"/api/v1/topics/{topic}/posts", new { body });
        _acknowledged[body] = (string)answer["id"]!;
        return ((string)answer["id"]!, (int)answer["copies"]!);
    }

    private async Task<JsonNode> AcknowledgedAsync(string board, string path, object content)
    {
        var key = Guid.NewGuid().ToString();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var response = await SendAsync(board, path, content, key);
                if (response.StatusCode is HttpStatusCode.Created or HttpStatusCode.Accepted) return (await response.Content.ReadFromJsonAsync<JsonNode>(Cancel))!;
                Assert.True((int)response.StatusCode >= 500, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Cancel)}");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !Cancel.IsCancellationRequested)
            {
                // Cut off in the middle: nobody knows, so it is asked again with the same key.
            }
            Assert.True(attempt < 100, $"{path} with {content} was not taken after {attempt} attempts");
            await Task.Delay(100, Cancel);
        }
    }

    /// <summary>Every post of the test's topic that one node's board shows, by id.</summary>
    public async Task<Dictionary<string, string>> PostsOnAsync(string node)
    {
        var posts = new Dictionary<string, string>();
        string? after = null;
        do
        {
            var url = $"{BoardOf(node)}/api/v1/topics/{_topic}/posts?limit=200{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}";
            using var request = WithToken(new(HttpMethod.Get, url));
            using var response = await _http.SendAsync(request, Cancel);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable) return posts; // it is busy: whoever waits looks again
            response.EnsureSuccessStatusCode();
            var page = (await response.Content.ReadFromJsonAsync<JsonNode>(Cancel))!;
            foreach (var item in page["items"]!.AsArray()) posts.Add((string)item!["id"]!, (string)item["body"]!);
            after = (string?)page["next"];
        }
        while (after is not null);
        return posts;
    }

    /// <summary>
    /// Waits until every node shows every post that was ever acknowledged in this ring, each once. Posts are told apart by their bodies: of two rows that one
    /// request left on two nodes the earlier is shown, which need not be the one whose id was in the answer.
    /// </summary>
    public async Task EverywhereAsync(params string[] nodes)
    {
        foreach (var node in nodes.Length > 0 ? nodes : [.. Names])
        {
            Dictionary<string, string> shown = [];
            await Eventually.TrueAsync(async _ => !_acknowledged.Keys.Except((shown = await PostsOnAsync(node)).Values).Any(), TimeSpan.FromSeconds(20), LookEvery, Cancel);
            Assert.Empty(_acknowledged.Keys.Except(shown.Values).Select(body => $"{node} lacks '{body}'"));
            Assert.Empty(shown.Values.GroupBy(body => body).Where(g => g.Count() > 1).Select(g => $"{node} shows '{g.Key}' {g.Count()} times"));
        }
    }

    public async Task<HttpResponseMessage> GetAsync(string url) => await _http.GetAsync(url, Cancel);

    /// <summary>The wished port, or the next one of those 200 apart whose ring would meet nobody: another run of the tests may be under way.</summary>
    private static int Free(int port)
    {
        while (Ports.Busy(Ports.All(port, Enumerable.Range(1, 4))).Count > 0) port += 200;
        return port;
    }

    /// <summary>One topic for all stories, however many ask for it at once and whatever is being broken meanwhile.</summary>
    private async Task<string> TopicAsync(string board)
    {
        if (_topic is not null) return _topic;
        await _oneTopic.WaitAsync(Cancel);
        try
        {
            return _topic ??= (string)(await AcknowledgedAsync(board, "/api/v1/channels/general/topics", new { title = "Stories", body = "the first post" }))["id"]!;
        }
        finally
        {
            _oneTopic.Release();
        }
    }

    private HttpRequestMessage WithToken(HttpRequestMessage request)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", SecretFile.Read(Local.Folder.TokenFile).Trim());
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(string board, string path, object body, string key)
    {
        using var request = WithToken(new(HttpMethod.Post, board + path) { Content = JsonContent.Create(body) });
        request.Headers.Add("Idempotency-Key", key);
        return await _http.SendAsync(request, Cancel);
    }
}
