using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Tests.Api;
using Xunit.Sdk;

namespace Connect.RingDaemon.Tests.Fuzzing;

/// <summary>The daemon's HTTP API under requests that nobody would send by mistake: real routes and bodies, spoiled, over plain sockets, with and without the token.</summary>
[Collection("fuzz")]
public sealed class HttpFuzzTests : IAsyncLifetime
{
    private const int Requests = 3000;

    /// <summary>Calls that wait for the ring, by design for up to a minute; nobody waits for them here.</summary>
    private static readonly string[] Waiting = ["/v1/maintenance", "/v1/leave", "/v1/rejoin", "/v1/forget", "/v1/repair", "/v1/checksum", "/v1/digest", "/v1/status", "/v1/node", "/v1/rows", "/v1/ack", "/v1/keys/rotate"];

    private static readonly string[] Bodies =
    [
        "{}", """{ "dryRun": true }""", """{ "on": true, "dryRun": true }""", """{ "position": "1-1-1", "level": "one", "waitMilliseconds": 1 }""", """{ "name": "n2", "dryRun": true }""",
        """{ "table": "post", "after": null }""", """{ "table": "post", "keys": ["00"] }""", """{ "sealed": "AAAA" }""", """{ "id": "0123456789ab" }""", """{ "dryRun": true, "without": ["n2"] }""", "[]", "null", "\"x\"", "{",
        """{ "position": "1-1-99999999999999999999", "level": "all", "waitMilliseconds": -1 }""", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ];

    private readonly DaemonAlone _daemon = new();

    public ValueTask InitializeAsync() => _daemon.InitializeAsync();

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();

    [Fact]
    public async Task No_request_brings_it_to_its_knees_or_to_a_fault_of_its_own()
    {
        var seed = (ulong)Random.Shared.NextInt64();
        if (Environment.GetEnvironmentVariable("CONNECT_FUZZ_SEED") is { Length: > 0 } told) seed = ulong.Parse(told);
        var routes = _daemon.Routes();
        for (var i = 0UL; i < Requests; i++)
        {
            var dice = new Prng(unchecked(seed + i));
            var request = Request(dice, routes, out var patience);
            var since = Stopwatch.GetTimestamp();
            var status = await SendAsync(request, patience);
            if (status >= 500 && status is not 501 and not 503 and not 505) throw FailException.ForFailure($"seed {seed + i}: answered {status} to\n{Encoding.Latin1.GetString(request)}");
            if (status == 0 && patience > TimeSpan.FromSeconds(1)) throw FailException.ForFailure($"seed {seed + i}: no answer and no end within {Stopwatch.GetElapsedTime(since)} to\n{Encoding.Latin1.GetString(request)}");
        }
        Assert.Equal(HttpStatusCode.OK, await _daemon.CallAsync("GET", "/health/live", null, null));
        Assert.Equal(HttpStatusCode.OK, await _daemon.CallAsync("GET", "/v1/members", new("Bearer", _daemon.Token), null));
    }

    private byte[] Request(Prng dice, IReadOnlyList<(string Method, string Path)> routes, out TimeSpan patience)
    {
        var (method, path) = routes[dice.Below(routes.Count)];
        patience = Waiting.Any(w => path.StartsWith(w, StringComparison.Ordinal)) ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(10);
        if (dice.Below(8) == 0) method = new[] { "GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "G\0T", "" }[dice.Below(9)];
        if (dice.Below(6) == 0) path += new[] { "?limit=99999999999999999999", "?position=perhaps", "/..", "/%00", "?" + new string('a', 9000), "//", "#x", "?limit=-1&limit=2" }[dice.Below(8)];
        var body = Encoding.UTF8.GetBytes(Bodies[dice.Below(Bodies.Length)]);
        if (dice.Below(2) == 0) body = new PacketMaker(dice).Spoil(body);
        var length = dice.Below(10) switch { 0 => "-1", 1 => "99999999999", 2 => "x", 3 => $"{body.Length + 5}", _ => $"{body.Length}" };
        var token = dice.Below(4) switch { 0 => "", 1 => $"Authorization: Bearer {_daemon.Token[..^1]}x\r\n", _ => $"Authorization: Bearer {_daemon.Token}\r\n" };
        var odd = dice.Below(5) switch { 0 => "Transfer-Encoding: chunked\r\n", 1 => $"X-Connect-Keys: {new string('f', dice.Below(300))}\r\n", 2 => "Content-Length: 0\r\n", 3 => "Expect: 100-continue\r\n", _ => "" };
        var type = dice.Below(4) == 0 ? "Content-Type: text/plain; charset=utf-99\r\n" : "Content-Type: application/json\r\n";
        // Whoever promises more than comes is waited for: half of a body is a reason to hang up after a while, not at once.
        if (length is not "x" and not "-1" && length != $"{body.Length}" || odd.StartsWith("Transfer", StringComparison.Ordinal)) patience = TimeSpan.FromMilliseconds(100);
        byte[] request = [.. Encoding.Latin1.GetBytes($"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{token}{odd}{type}Content-Length: {length}\r\n\r\n"), .. body];
        if (dice.Below(5) != 0) return request;
        patience = TimeSpan.FromMilliseconds(100); // it may be no whole request any more
        return new PacketMaker(dice).Spoil(request);
    }

    /// <returns>The status; 0 if there was none within the time, and 1 if it hung up, which it may.</returns>
    private async Task<int> SendAsync(byte[] request, TimeSpan patience)
    {
        using var late = new CancellationTokenSource(patience);
        using var client = new TcpClient();
        var answer = new byte[4096];
        var have = 0;
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, _daemon.Port, late.Token);
            await client.GetStream().WriteAsync(request, late.Token);
            while (have < 12 && await client.GetStream().ReadAsync(answer.AsMemory(have), late.Token) is > 0 and var read) have += read;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        return have >= 12 && int.TryParse(Encoding.Latin1.GetString(answer, 9, 3), out var status) ? status : 1;
    }
}
