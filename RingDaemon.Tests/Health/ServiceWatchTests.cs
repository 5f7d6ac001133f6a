using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.Tests.Replication;
using Xunit;

namespace Connect.RingDaemon.Tests.Health;

/// <summary>Against real sockets on loopback: what is tested is what the kernel says when a process dies.</summary>
public sealed class ServiceWatchTests : IAsyncDisposable
{
    private readonly Channel<Finding> _found = Channel.CreateUnbounded<Finding>();
    private ServiceWatch? _watch;

    [Fact]
    public async Task A_service_that_dies_is_refused_within_a_fraction_of_the_interval()
    {
        using var server = new FakeServer(greets: true);
        Watch(server.Port);
        Assert.Equal(Finding.Up, await NextAsync());
        var died = Stopwatch.GetTimestamp();
        server.Dispose();
        Assert.Equal(Finding.Refused, await NextAsync());
        // The look after half a second would have found it too: the held connection must be what told us.
        Assert.True(Stopwatch.GetElapsedTime(died) < TimeSpan.FromMilliseconds(300), $"took {Stopwatch.GetElapsedTime(died)}");
    }

    [Fact]
    public async Task A_service_that_falls_silent_is_silent_after_the_patience_and_not_before()
    {
        using var server = new FakeServer(greets: true);
        Watch(server.Port);
        Assert.Equal(Finding.Up, await NextAsync());
        var fell = Stopwatch.GetTimestamp();
        server.Greets = false;
        Assert.Equal(Finding.Silent, await NextAsync());
        Assert.InRange(Stopwatch.GetElapsedTime(fell), TimeSpan.FromSeconds(1.3), TimeSpan.FromSeconds(2.5));
    }

    [Fact]
    public async Task A_pause_of_a_second_is_not_a_finding()
    {
        using var server = new FakeServer(greets: true);
        Watch(server.Port);
        Assert.Equal(Finding.Up, await NextAsync());
        server.Greets = false;
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken); // the pause itself, not a wait for something
        server.Greets = true;
        server.Dispose();
        Assert.Equal(Finding.Refused, await NextAsync()); // and nothing was found in between
    }

    [Fact]
    public async Task A_service_that_returns_is_up_again()
    {
        var port = FreePort();
        Watch(port);
        Assert.Equal(Finding.Refused, await NextAsync());
        using var server = new FakeServer(greets: true, port);
        Assert.Equal(Finding.Up, await NextAsync());
    }

    [Fact]
    public async Task A_service_that_answers_wrongly_is_not_up()
    {
        using var server = new FakeServer(greets: true) { Greeting = [1, 0, 0, 0, 42] };
        Watch(server.Port);
        Assert.Equal(Finding.Refused, await NextAsync());
    }

    [Fact]
    public async Task A_server_that_has_too_many_connections_lives()
    {
        using var server = new FakeServer(greets: true) { Greeting = [0x17, 0, 0, 0, 0xFF] };
        Watch(server.Port);
        Assert.Equal(Finding.Up, await NextAsync());
    }

    [Fact]
    public async Task A_service_that_greets_and_hangs_up_every_time_is_not_hammered()
    {
        using var server = new FakeServer(greets: true) { Greeting = [0x17, 0, 0, 0, 0xFF], HangsUp = true };
        Watch(server.Port);
        Assert.Equal(Finding.Up, await NextAsync());
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken); // a second's worth of looks
        Assert.InRange(server.Accepted, 2, 10);
    }

    [Fact]
    public async Task A_service_that_answers_questions_is_asked_on_one_connection()
    {
        using var server = new FakeServer(greets: false) { Answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlive"u8.ToArray() };
        Watch(server.Port, new HttpGreeting("127.0.0.1", "/health/live"));
        Assert.Equal(Finding.Up, await NextAsync());
        await Eventually.IsTrueAsync(() => Task.FromResult(server.Answered >= 3), TimeSpan.FromSeconds(5), () => Task.FromResult($"asked {server.Answered} times"));
        Assert.Equal(1, server.Accepted);
        server.Answer = "HTTP/1.1 503 Service Unavailable\r\n\r\n"u8.ToArray();
        Assert.Equal(Finding.Refused, await NextAsync());
        server.Answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlive"u8.ToArray();
        Assert.Equal(Finding.Up, await NextAsync());
        server.Answer = [];
        Assert.Equal(Finding.Silent, await NextAsync());
        server.Answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlive"u8.ToArray();
        Assert.Equal(Finding.Up, await NextAsync());
        server.Dispose();
        Assert.Equal(Finding.Refused, await NextAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (_watch is not null) await _watch.DisposeAsync();
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    private void Watch(int port, IGreeting? greeting = null)
    {
        _watch = new("127.0.0.1", port, greeting ?? new MysqlGreeting(), new WatchOptions(), TimeProvider.System, f => _found.Writer.TryWrite(f));
        _watch.Start();
    }

    private async Task<Finding> NextAsync() =>
        await _found.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
}
