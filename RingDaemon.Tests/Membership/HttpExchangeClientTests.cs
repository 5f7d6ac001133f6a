using System.Net;
using System.Net.Sockets;
using System.Text;
using Connect.RingDaemon.Membership;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class HttpExchangeClientTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly HttpExchangeClient _client = new(TimeProvider.System, new());

    [Theory]
    [InlineData("200 OK", true)]
    [InlineData("400 Bad Request", false)]
    public async Task An_answer_counts_only_if_the_peer_took_the_question(string status, bool counts)
    {
        var question = _client.ExchangeAsync(Listen(), [1, 2, 3], TestContext.Current.CancellationToken);
        using var connection = await _server.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var stream = connection.GetStream();
        var received = new byte[1024];
        var text = "";
        while (!text.EndsWith("\u0001\u0002\u0003", StringComparison.Ordinal))
            text += Encoding.Latin1.GetString(received, 0, await stream.ReadAsync(received, TestContext.Current.CancellationToken));
        Assert.StartsWith("POST /v1/exchange HTTP/1.1", text);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok"), TestContext.Current.CancellationToken);
        var answer = await question;
        Assert.Equal(counts ? "ok"u8.ToArray() : null, answer.Body);
        Assert.False(answer.Refused);
    }

    [Fact]
    public async Task A_refused_connection_is_told_apart()
    {
        var url = Listen();
        _server.Stop();
        Assert.Equal(new ExchangeAnswer(null, true), await _client.ExchangeAsync(url, [1], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_peer_that_accepts_and_stays_silent_costs_a_second()
    {
        var started = TimeProvider.System.GetTimestamp();
        Assert.Equal(new ExchangeAnswer(null, false), await _client.ExchangeAsync(Listen(), [1], TestContext.Current.CancellationToken));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0.9, 5);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private string Listen()
    {
        _server.Start();
        return $"http://127.0.0.1:{((IPEndPoint)_server.LocalEndpoint).Port}";
    }
}
