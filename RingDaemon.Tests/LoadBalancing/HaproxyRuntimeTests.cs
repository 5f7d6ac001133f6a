using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Local;
using Connect.RingDaemon.Tests.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.LoadBalancing;

/// <summary>A real HAProxy with the project's own configuration and two tiny boards behind it.</summary>
public sealed class HaproxyRuntimeTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly TemporaryFolder _temporary = new();
    private readonly List<TinyBoard> _boards = [];
    private readonly HttpClient _browser = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.Zero });
    private readonly HaproxyRuntime _runtime;
    private readonly int _port;
    private ProcessHandle? _haproxy;

    public HaproxyRuntimeTests()
    {
        Assert.SkipUnless(ServerPrograms.OnPath("haproxy") is not null, "HAProxy is not installed.");
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            _port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        _runtime = new(_temporary.At("admin.sock"), "boards");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _boards.AddRange([new("n1"), new("n2")]);
        await StartHaproxyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_haproxy is not null) await _haproxy.StopAsync(Patience);
        foreach (var board in _boards) board.Dispose();
        _browser.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public async Task A_node_gets_traffic_when_it_is_registered_and_ready()
    {
        Assert.Empty(await _runtime.StatesAsync(Cancel));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync()).Status);
        await _runtime.RegisterAsync("n1", "127.0.0.1", _boards[0].Port, Cancel);
        Assert.Equal(TrafficState.Maintenance, Assert.Single(await _runtime.StatesAsync(Cancel)).State);
        await _runtime.SetStateAsync("n1", TrafficState.Ready, Cancel);
        await Until(async () => (await GetAsync()).Body == "n1");
        Assert.True(Assert.Single(await _runtime.StatesAsync(Cancel)).TakesTraffic);
    }

    [Fact]
    public async Task A_reader_stays_with_a_node_that_drains_and_new_people_go_elsewhere()
    {
        await BothReadyAsync();
        var cookie = await CookieOfAsync("n2");
        await _runtime.SetStateAsync("n2", TrafficState.Drain, Cancel);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("n2", (await GetAsync(cookie)).Body);
            Assert.Equal("n1", (await GetAsync()).Body);
        }
        Assert.Equal(TrafficState.Drain, (await StateOfAsync("n2")).State);
    }

    [Fact]
    public async Task Maintenance_cuts_the_streams_that_are_open()
    {
        await BothReadyAsync();
        using var stream = await OpenStreamAsync(await CookieOfAsync("n2"));
        await _runtime.SetStateAsync("n2", TrafficState.Maintenance, Cancel);
        await EndsAsync(stream);
    }

    [Fact]
    public async Task A_drained_node_can_be_cut()
    {
        await BothReadyAsync();
        using var stream = await OpenStreamAsync(await CookieOfAsync("n2"));
        await _runtime.SetStateAsync("n2", TrafficState.Drain, Cancel);
        await _runtime.CutAsync("n2", Cancel);
        await EndsAsync(stream);
    }

    [Fact]
    public async Task A_killed_board_costs_no_reader_a_page()
    {
        await BothReadyAsync();
        var cookie = await CookieOfAsync("n2");
        var asked = 0;
        for (var i = 0; i < 200; i++)
        {
            if (i == 50) _boards[1].Dispose();
            foreach (var reader in (string?[])[null, cookie])
            {
                Assert.Equal(HttpStatusCode.OK, (await GetAsync(reader)).Status);
                asked++;
            }
        }
        Assert.Equal(400, asked);
    }

    [Fact]
    public async Task After_a_restart_nodes_register_again_and_old_cookies_stay_good()
    {
        await BothReadyAsync();
        var cookie = await CookieOfAsync("n2");
        await _haproxy!.StopAsync(Patience);
        await Assert.ThrowsAsync<LoadBalancerException>(() => _runtime.StatesAsync(Cancel));
        await StartHaproxyAsync();
        Assert.Empty(await _runtime.StatesAsync(Cancel));
        await BothReadyAsync();
        Assert.Equal("n2", (await GetAsync(cookie)).Body);
    }

    [Fact]
    public async Task A_node_without_a_slot_is_refused() =>
        Assert.Contains("No such server", (await Assert.ThrowsAsync<LoadBalancerException>(() => _runtime.SetStateAsync("n99", TrafficState.Ready, Cancel))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("n1 state ready; set server boards/n2")]
    [InlineData("n1\nn2")]
    [InlineData("")]
    public async Task A_name_cannot_smuggle_in_a_command(string name) =>
        await Assert.ThrowsAsync<LoadBalancerException>(() => _runtime.SetStateAsync(name, TrafficState.Ready, Cancel));

    [Fact]
    public async Task A_frozen_HAProxy_is_given_up_after_half_a_second()
    {
        _haproxy!.Identity.Send(Signal.Stop);
        await Until(() => Task.FromResult(_haproxy.Identity.IsStopped));
        var clock = Stopwatch.StartNew();
        await Assert.ThrowsAsync<LoadBalancerException>(() => _runtime.StatesAsync(Cancel));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.3, 5);
    }

    private async Task StartHaproxyAsync()
    {
        var configuration = await File.ReadAllTextAsync(Programs.Configuration("haproxy.cfg"), Cancel);
        await File.WriteAllTextAsync(_temporary.At("haproxy.cfg"), configuration.Replace("%SOCKET%", _temporary.At("admin.sock"), StringComparison.Ordinal)
            .Replace("%BIND%", $"127.0.0.1:{_port}", StringComparison.Ordinal).Replace("%COOKIE_KEY%", "a-test", StringComparison.Ordinal)
            .Replace("%SERVERS%", "", StringComparison.Ordinal)
            .Replace("%FREE_SLOTS%", "  server-template n 1-32 127.0.0.1:1 check disabled", StringComparison.Ordinal), Cancel);
        _haproxy = ProcessHandle.Start(new([ServerPrograms.OnPath("haproxy")!, "-db", "-f", _temporary.At("haproxy.cfg")], _temporary.At("haproxy.log"), _temporary.Path),
            new(_temporary.At("haproxy.pid")));
        await Until(async () =>
        {
            try
            {
                await _runtime.StatesAsync(Cancel);
                return true;
            }
            catch (LoadBalancerException)
            {
                return false;
            }
        });
    }

    private async Task BothReadyAsync()
    {
        foreach (var board in _boards)
        {
            await _runtime.RegisterAsync(board.Name, "127.0.0.1", board.Port, Cancel);
            await _runtime.SetStateAsync(board.Name, TrafficState.Ready, Cancel);
        }
        await Until(async () => (await _runtime.StatesAsync(Cancel)).All(b => b.TakesTraffic));
    }

    private async Task<Backend> StateOfAsync(string node) => (await _runtime.StatesAsync(Cancel)).Single(b => b.Node == node);

    private async Task<string> CookieOfAsync(string node)
    {
        string? cookie = null;
        await Until(async () =>
        {
            var (_, body, set) = await GetAsync();
            if (body == node) cookie = set;
            return cookie is not null;
        });
        return cookie!;
    }

    private async Task<(HttpStatusCode Status, string Body, string? Cookie)> GetAsync(string? cookie = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{_port}/");
        if (cookie is not null) request.Headers.Add("Cookie", cookie);
        using var response = await _browser.SendAsync(request, Cancel);
        var set = response.Headers.TryGetValues("Set-Cookie", out var values) ? values.First().Split(';')[0] : null;
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel), set);
    }

    private async Task<Stream> OpenStreamAsync(string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{_port}/stream");
        request.Headers.Add("Cookie", cookie);
        var response = await _browser.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        var stream = await response.Content.ReadAsStreamAsync(Cancel);
        Assert.True(await stream.ReadAsync(new byte[16], Cancel) > 0);
        return stream;
    }

    private static async Task EndsAsync(Stream stream)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        try
        {
            while (await stream.ReadAsync(new byte[64], limit.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is HttpIOException or IOException)
        {
            // Cut in the middle of a chunk: that is what the browser sees too.
        }
        Assert.False(limit.IsCancellationRequested, "the stream is still open");
    }

    private static async Task Until(Func<Task<bool>> condition) => Assert.True(await Eventually.TrueAsync(_ => condition(), Patience, Pause, Cancel), "the condition did not come true");
}
