using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Cli;
using Connect.RingDaemon.Local;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Tests.Cluster;

public sealed class MariaDbRotationRing() : TestRing(Engine.MariaDB, port: 24080);

public sealed class MySqlRotationRing() : TestRing(Engine.MySQL, port: 24180);

[Collection("cluster")]
public sealed class MariaDbKeyRotationStories(MariaDbRotationRing ring) : KeyRotationStories(ring), IClassFixture<MariaDbRotationRing>;

[Collection("cluster")]
public sealed class MySqlKeyRotationStories(MySqlRotationRing ring) : KeyRotationStories(ring), IClassFixture<MySqlRotationRing>;

/// <summary>The cluster's key is changed while people post and stay signed in.</summary>
public abstract partial class KeyRotationStories(TestRing ring)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Under_load_no_post_fails_nobody_is_suspected_and_everybody_stays_signed_in()
    {
        await ring.BeginAsync();
        var before = ClusterKeys.Load(ring.Local.Folder.KeyFile);
        using var ann = new Visitor();
        await ann.SignUpAsync(ring.BoardOf("n1"), $"Ann-{Guid.NewGuid():N}"[..12]);
        using var packets = new SealedPackets(before, ring.Local.Description.Cluster, "gossip", WireLimits.Packet, TimeProvider.System);
        var logs = ring.Names.ToDictionary(n => n, n => new FileInfo(ring.Local.Folder.Node(n).Log(NodePart.Daemon)).Length);

        await using (var load = new StrictPosts(ring))
        {
            await load.AtLeastAsync(20);
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal((ExitCodes.Done, ""), await RotateAsync("--data", ring.Folder));
                await load.AtLeastAsync(20);
            }
            Assert.Empty(load.Failures);
        }

        var after = Assert.Single(ClusterKeys.Load(ring.Local.Folder.KeyFile).Keys);
        Assert.NotEqual(before.Keys[0].Id, after.Id);
        foreach (var node in ring.Names)
        {
            using var log = new StreamReader(ring.Local.Folder.Node(node).Log(NodePart.Daemon), new FileStreamOptions { Share = FileShare.ReadWrite });
            log.BaseStream.Position = logs[node];
            Assert.DoesNotContain("suspected", await log.ReadToEndAsync(Cancel), StringComparison.Ordinal);
            Assert.True(await ann.IsSignedInAsync(ring.BoardOf(node)), $"{node} does not know Ann any more");
        }
        await OldKeyIsDeadAsync(packets, before.ApiToken);

        // A board that starts now knows the new key only, and finds what was sealed anew for it.
        await ring.KillAsync("n2", Target.Web);
        await ring.StartAsync("n2");
        Assert.True(await ann.IsSignedInAsync(ring.BoardOf("n2")));
        await ring.EqualAsync();
        Assert.DoesNotContain(Secrets(before).Append(Convert.ToBase64String(after.Secret)), secret => Everything(ring).Contains(secret, StringComparison.Ordinal));
    }

    /// <summary>Every node has a key file of its own, as on several machines.</summary>
    [Fact]
    public async Task With_a_file_on_each_node_an_interrupted_rotation_is_ended_by_any_other_member()
    {
        await ring.BeginAsync();
        foreach (var node in ring.Names) await GiveOwnKeyFileAsync(node);
        await ring.HealthyAsync();
        var old = ClusterKeys.Load(KeyFileOf("n1")).Keys[0];

        // Begun on n1, which added a key and died: n2 takes over, and has to ask for the key.
        var fresh = ClusterKey.New(DateTimeOffset.UtcNow);
        new ClusterKeys([old, fresh]).Save(KeyFileOf("n1"));
        await RotatedAsync("n2", fresh.Id);

        // Broken off while it became the first one, and while the old one was removed.
        foreach (var held in new[] { "ba ab ab", "ba ba ab", "ba ba ba", "b ba ba", "ba b b" })
        {
            var (a, b) = (ClusterKeys.Load(KeyFileOf("n1")).Keys[0], ClusterKey.New(DateTimeOffset.UtcNow));
            await SetAsync(["ab", "ab", "ab"], a, b); // by the same steps, or the test itself would cut them off
            if (!held.Contains("ab", StringComparison.Ordinal)) await SetAsync(["ba", "ba", "ba"], a, b);
            await SetAsync(held.Split(' '), a, b);
            await RotatedAsync("n3", b.Id);
        }

        // Somebody who cannot be asked would be cut off.
        ClusterKeys.Load(KeyFileOf("n1")).Save(ring.Local.Folder.KeyFile); // what the test itself speaks with
        await ring.KillAsync("n3");
        await ring.UntilAsync(s => s.Nodes.Single(n => n.Name == "n3").State == "unreachable", "n3 is unreachable", from: "n1");
        var (code, error) = await RotateAsync("--node", ring.DaemonOf("n1"), "--key-file", KeyFileOf("n1"));
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("--without n3", error, StringComparison.Ordinal);
        Assert.Single(ClusterKeys.Load(KeyFileOf("n1")).Keys);

        // Left out, it does not come back before it has the key; then it does.
        Assert.Equal((ExitCodes.Done, ""), await RotateAsync("--node", ring.DaemonOf("n1"), "--key-file", KeyFileOf("n1"), "--without", "n3"));
        await ring.Local.StartAsync("n3", SilentProgress.Instance, patience: null, Cancel);
        using var http = new HttpClient();
        Assert.True(await Eventually.TrueAsync(async _ => (await StatusAsync(http, ring.DaemonOf("n3"), ClusterKeys.Load(KeyFileOf("n3")).ApiToken)) == HttpStatusCode.OK, TimeSpan.FromSeconds(30), LookEvery, Cancel));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(http, ring.DaemonOf("n1"), ClusterKeys.Load(KeyFileOf("n3")).ApiToken));
        ClusterKeys.Load(KeyFileOf("n1")).Save(KeyFileOf("n3"));
        ClusterKeys.Load(KeyFileOf("n1")).Save(ring.Local.Folder.KeyFile);
        await ring.HealthyAsync();
        await ring.EqualAsync();
        foreach (var node in ring.Names)
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFileOf(node)));
            await GiveSharedKeyFileAsync(node);
        }
        await ring.HealthyAsync();
    }

    /// <summary>After everything that handles secrets: founding, signing up, posting with a token, pointing at a source, a restart, a rotation, a token made by the CLI.</summary>
    [Fact]
    public async Task No_secret_is_in_a_log_a_process_list_an_environment_or_an_address()
    {
        await ring.BeginAsync();
        var secrets = new Dictionary<string, string>();
        void Keep(string name, ClusterKeys keys)
        {
            foreach (var key in keys.Keys) (secrets[$"{name} {key.Id}"], secrets[$"{name} {key.Id} in hexadecimal"]) = (Convert.ToBase64String(key.Secret), Convert.ToHexString(key.Secret));
            secrets[$"{name}: API token"] = keys.ApiToken;
        }
        Keep("old key", ClusterKeys.Load(ring.Local.Folder.KeyFile));
        using var ann = new Visitor();
        await ann.SignUpAsync(ring.BoardOf("n1"), $"Sec-{Guid.NewGuid():N}"[..12]);
        await ring.KillAsync("n2");
        await ring.PostAsync(ring.BoardOf("n1"), $"while n2 is away {Guid.NewGuid()}");
        await ring.StartAsync("n2");
        Assert.Equal((ExitCodes.Done, ""), await RotateAsync("--data", ring.Folder));
        var output = new StringWriter();
        Assert.Equal(ExitCodes.Done, await CommandLine.RunAsync(["token", "create", "--account", "grace", "--data", ring.Folder], output, new StringWriter()));

        Keep("new key", ClusterKeys.Load(ring.Local.Folder.KeyFile));
        secrets["token of the CLI"] = output.ToString().Trim();
        secrets["administrator's token"] = SecretFile.Read(ring.Local.Folder.TokenFile).Trim();
        secrets["Ann's password"] = Visitor.Password;
        foreach (var node in ring.Names)
        {
            var accounts = DatabaseAccounts.Load(ring.Local.Folder.Node(node).AccountsFile);
            foreach (var account in new[] { accounts.Board, accounts.Daemon, accounts.Replication, accounts.Peer, accounts.Seed }) secrets[$"{account.User} of {node}"] = account.Password;
        }
        var places = new Dictionary<string, string> { ["the logs"] = Everything(ring) };
        var processes = ProcessTable.Marked(ring.Folder).ToList();
        Assert.True(processes.Count >= 10, $"only {processes.Count} processes of the ring were found");
        foreach (var process in processes)
        {
            foreach (var file in new[] { "cmdline", "environ" }) places[$"{file} of {process.Pid}"] = await File.ReadAllTextAsync($"/proc/{process.Pid}/{file}", Cancel);
        }
        Assert.Contains("point at", places["the logs"], StringComparison.Ordinal); // there was something to look at
        Assert.Empty(places.SelectMany(place => secrets.Where(s => place.Value.Contains(s.Value, StringComparison.OrdinalIgnoreCase)).Select(s => $"{s.Key} is in {place.Key}")));
        // What holds secrets is for its owner alone.
        var open = Directory.EnumerateFiles(ring.Folder, "*", SearchOption.AllDirectories).Where(f => !f.Contains("/data/", StringComparison.Ordinal) && !f.Contains("/data.tmp/", StringComparison.Ordinal))
            .Where(f => (File.GetUnixFileMode(f) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) != 0);
        Assert.Empty(open.SelectMany(f => secrets.Where(s => File.ReadAllText(f).Contains(s.Value, StringComparison.OrdinalIgnoreCase)).Select(s => $"{s.Key} is in {f}, which others may read")));
    }

    private string KeyFileOf(string node) => Path.Combine(ring.Local.Folder.Node(node).Path, "own.key");

    private async Task RotatedAsync(string at, string target)
    {
        Assert.Equal((ExitCodes.Done, ""), await RotateAsync("--node", ring.DaemonOf(at), "--key-file", KeyFileOf(at)));
        Assert.All(ring.Names, node => Assert.Equal(target, Assert.Single(ClusterKeys.Load(KeyFileOf(node)).Keys).Id));
    }

    /// <summary>Writes what each node holds, in the order of the nodes, and waits until its daemon and its board work with it.</summary>
    private async Task SetAsync(string[] held, ClusterKey a, ClusterKey b)
    {
        using var http = new HttpClient();
        for (var i = 0; i < held.Length; i++)
        {
            var keys = new ClusterKeys(held[i].Select(k => k == 'a' ? a : b));
            keys.Save(KeyFileOf($"n{i + 1}"));
            Assert.True(await Eventually.TrueAsync(async _ =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, ring.DaemonOf($"n{i + 1}") + "/v1/keys") { Headers = { Authorization = new("Bearer", keys.ApiToken) } };
                using var response = await http.SendAsync(request, Cancel);
                var report = response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonNode>(Cancel) : null;
                var board = report?["board"]?.AsArray().Select(k => (string?)k);
                return board is not null && board.SequenceEqual(keys.Keys.Select(k => k.Id));
            }, TimeSpan.FromSeconds(15), LookEvery, Cancel), $"n{i + 1} does not take {held[i]}");
        }
    }

    private async Task OldKeyIsDeadAsync(SealedPackets old, string oldToken)
    {
        using var http = new HttpClient();
        using var socket = new UdpClient();
        foreach (var node in ring.Names)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(http, ring.DaemonOf(node), oldToken));
            var before = await WrongKeysAsync(node);
            var daemon = new Uri(ring.DaemonOf(node));
            await socket.SendAsync(old.Seal([0xFF]), daemon.Host, daemon.Port, Cancel);
            Assert.True(await Eventually.TrueAsync(async _ => await WrongKeysAsync(node) == before + 1, TimeSpan.FromSeconds(5), LookEvery, Cancel));
        }

        async Task<double> WrongKeysAsync(string node)
        {
            using var response = await ring.GetAsync(ring.DaemonOf(node) + "/metrics");
            var line = (await response.Content.ReadAsStringAsync(Cancel)).Split('\n').Single(l => l.Contains("channel=\"udp\",fate=\"wrong_key\"", StringComparison.Ordinal));
            return double.Parse(line.Split(' ')[^1]);
        }
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string daemon, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, daemon + "/v1/members") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        try
        {
            using var response = await http.SendAsync(request, Cancel);
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return HttpStatusCode.ServiceUnavailable;
        }
    }

    private static async Task<(int Code, string Error)> RotateAsync(params string[] where)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLine.RunAsync(["key", "rotate", .. where], output, error);
        return (code, error.ToString());
    }

    private Task GiveOwnKeyFileAsync(string node)
    {
        ClusterKeys.Load(ring.Local.Folder.KeyFile).Save(KeyFileOf(node));
        return UseKeyFileAsync(node, "own.key");
    }

    private async Task GiveSharedKeyFileAsync(string node)
    {
        ClusterKeys.Load(KeyFileOf(node)).Save(ring.Local.Folder.KeyFile);
        await UseKeyFileAsync(node, "../cluster.key");
    }

    private async Task UseKeyFileAsync(string node, string keyFile)
    {
        var settings = ring.Local.Folder.Node(node).SettingsFile;
        var json = JsonNode.Parse(await File.ReadAllTextAsync(settings, Cancel))!;
        json["keyFile"] = keyFile;
        await File.WriteAllTextAsync(settings, json.ToJsonString(), Cancel);
        foreach (var part in new[] { Target.Daemon, Target.Web }) await ring.KillAsync(node, part, Signal.Term);
        await ring.Local.StartAsync(node, SilentProgress.Instance, TimeSpan.FromSeconds(60), Cancel);
    }

    private static IEnumerable<string> Secrets(ClusterKeys keys) => keys.All.Select(Convert.ToBase64String).Append(keys.ApiToken);

    /// <summary>All logs and audit logs of the ring.</summary>
    private static string Everything(TestRing ring) => string.Concat(Directory.EnumerateFiles(ring.Folder, "*", SearchOption.AllDirectories)
        .Where(f => f.EndsWith(".log", StringComparison.Ordinal) || f.EndsWith(".jsonl", StringComparison.Ordinal)).Select(f =>
        {
            using var reader = new StreamReader(f, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete });
            return reader.ReadToEnd();
        }));

    /// <summary>Twenty posts a second through the load balancer, each of which must be taken at the first attempt.</summary>
    private sealed class StrictPosts : IAsyncDisposable
    {
        private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

        private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { Timeout = TimeSpan.FromSeconds(10) };
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<string> _failures = new();
        private readonly Task _running;
        private int _taken;

        public StrictPosts(TestRing ring)
        {
            _http.DefaultRequestHeaders.Authorization = new("Bearer", SecretFile.Read(ring.Local.Folder.TokenFile).Trim());
            _running = Task.Run(() => RunAsync(ring));
        }

        public IEnumerable<string> Failures => _failures;

        public async Task AtLeastAsync(int more)
        {
            var goal = Volatile.Read(ref _taken) + more;
            Assert.True(await Eventually.TrueAsync(() => Volatile.Read(ref _taken) >= goal, TimeSpan.FromSeconds(30), Cancel), string.Join("; ", _failures));
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _http.Dispose();
            _stop.Dispose();
        }

        private async Task RunAsync(TestRing ring)
        {
            using var first = await _http.PostAsJsonAsync(ring.Balancer + "/api/v1/channels/general/topics", new { title = "Rotation", body = "begins" });
            var topic = (string)(await first.Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
            var (underWay, started) = (new List<Task>(), Stopwatch.GetTimestamp());
            for (var n = 0; !_stop.IsCancellationRequested; n++)
            {
                var due = (Every * n) - Stopwatch.GetElapsedTime(started);
                if (due > TimeSpan.Zero) await Task.Delay(due);
                underWay.RemoveAll(t => t.IsCompletedSuccessfully);
                underWay.Add(PostAsync(ring, topic, n));
            }
            await Task.WhenAll(underWay);
        }

        private async Task PostAsync(TestRing ring, string topic, int n)
        {
            try
            {
                using var response = await _http.PostAsJsonAsync($"{ring.Balancer}/api/v1/topics/{topic}/posts", new { body = $"post {n}" });
                // 202 would mean that nobody could say whether there is a second copy.
                if (response.StatusCode == HttpStatusCode.Created) Interlocked.Increment(ref _taken);
                else _failures.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                _failures.Enqueue(e.Message);
            }
        }
    }

    /// <summary>A browser without scripts: cookies, and forms with their tokens.</summary>
    private sealed partial class Visitor : IDisposable
    {
        public const string Password = "four words are enough";

        private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, CookieContainer = new() });
        private string _name = "";

        public async Task SignUpAsync(string board, string name)
        {
            _name = name;
            var form = await _http.GetStringAsync(board + "/signup", Cancel);
            var fields = InputPattern().Matches(form[form.IndexOf("<main", StringComparison.Ordinal)..]).Select(m => m.Value)
                .ToDictionary(i => Of(i, "name"), i => Of(i, "type") == "hidden" ? Of(i, "value") : Of(i, "type") == "password" ? Password : name);
            using var answer = await _http.PostAsync(board + "/signup", new FormUrlEncodedContent(fields), Cancel);
            Assert.True(answer.IsSuccessStatusCode && await IsSignedInAsync(board), $"{name} could not sign up: {answer.StatusCode}");
        }

        public async Task<bool> IsSignedInAsync(string board) => (await _http.GetStringAsync(board + "/", Cancel)).Contains(_name, StringComparison.Ordinal);

        public void Dispose() => _http.Dispose();

        private static string Of(string input, string attribute) => Regex.Match(input, $"{attribute}=\"([^\"]*)\"").Groups[1].Value;

        [GeneratedRegex("<input [^>]*>")]
        private static partial Regex InputPattern();
    }
}
