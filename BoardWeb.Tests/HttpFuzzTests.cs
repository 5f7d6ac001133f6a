using System.Net;
using System.Net.Sockets;
using System.Text;
using Connect.BoardWeb.Tests.Stage;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>The board under requests that nobody would send by mistake: real routes, spoiled, over plain sockets, with and without a token. A seed plays them again.</summary>
public sealed class HttpFuzzTests(MariaDbStage stage)
{
    private const int Requests = 1500;

    private static readonly string[] Bodies =
    [
        "{}", """{ "title": "t", "body": "b" }""", """{ "slug": "s", "title": "t" }""", """{ "body": "b", "inReplyTo": "00000000-0000-0000-0000-000000000000" }""", """{ "account": "x", "label": "y" }""",
        "[]", "null", "{", """{ "title": 1, "body": [] }""", """{ "title": "\u0000\ud800", "body": "\u202e" }""", "Name=x&Password=y&__RequestVerificationToken=z", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ];

    private static readonly string[] Values = ["general", "1", "00000000-0000-0000-0000-000000000000", "%00", "..%2f..", "💥", "'", "a%20b", "AAAAAAAAAAAAAAAA", "-1"];

    /// <summary>Seed 141: nothing of such a form is read, not even what stands in the address.</summary>
    [Fact]
    public async Task A_form_that_cannot_be_read_is_the_senders_fault()
    {
        using var http = stage.A.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/c/general") { Content = new ByteArrayContent("Name=x"u8.ToArray()) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data");
        Assert.Equal(HttpStatusCode.BadRequest, (await http.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task No_request_is_a_fault_of_the_boards_own_and_it_goes_on_answering()
    {
        var seed = Environment.GetEnvironmentVariable("CONNECT_FUZZ_SEED") is { Length: > 0 } told ? int.Parse(told) : Random.Shared.Next();
        var topic = (await stage.TopicAsync("Fuzzed", "its first post")).ToString();
        var routes = stage.A.App.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]).Select(m => (Method: m, Path: "/" + e.RoutePattern.RawText!.TrimStart('/')))).Distinct().ToList();
        Assert.True(routes.Count > 15, $"only {routes.Count} routes");
        var answered = 0;
        for (var i = 0; i < Requests; i++)
        {
            var dice = new Random(seed + i);
            var (request, whole) = Request(dice, routes, topic);
            var status = await SendAsync(request, whole ? TimeSpan.FromSeconds(10) : TimeSpan.FromMilliseconds(100));
            Assert.False(status >= 500 && status is not 501 and not 503 and not 505, $"seed {seed + i}: answered {status} to\n{Encoding.Latin1.GetString(request)}");
            Assert.False(status == 0 && whole, $"seed {seed + i}: no answer within 10 s to\n{Encoding.Latin1.GetString(request)}");
            if (status > 1) answered++;
        }
        Assert.True(answered > Requests / 3, $"only {answered} of {Requests} were answered: the fuzzer asks for nothing");
        using var admin = stage.Admin(stage.A);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"/t/{topic}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/health/ready")).StatusCode);
    }

    /// <summary>Seed 729878634: in jQuery's spelling of nested names the framework fell over it, and over the page that says so.</summary>
    [Theory]
    [InlineData("POST", "/c/general", "[[[=x")]
    [InlineData("POST", "/signin", "a[=x&Name[0]=y")]
    [InlineData("GET", "/c/general?a[=x", null)]
    [InlineData("TRACE", "/c/general", null)] // seed 1822411353: a page without a handler for it was rendered all the same
    [InlineData("PUT", "/c/general", "{}")]
    [InlineData("OPTIONS", "/", null)]
    public async Task What_fuzzing_found_is_no_fault_of_the_boards_any_more(string method, string path, string? form)
    {
        using var http = stage.A.Client();
        using var request = new HttpRequestMessage(new(method), path) { Content = form is null ? null : new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded") };
        Assert.InRange((int)(await http.SendAsync(request)).StatusCode, 200, 499);
    }

    /// <returns>The bytes, and whether they are a request that must be answered.</returns>
    private (byte[] Bytes, bool Whole) Request(Random dice, List<(string Method, string Path)> routes, string topic)
    {
        var (method, pattern) = routes[dice.Next(routes.Count)];
        var path = System.Text.RegularExpressions.Regex.Replace(pattern, @"\{\*?([^}]*)\}", _ => dice.Next(2) == 0 ? topic : Values[dice.Next(Values.Length)]);
        if (dice.Next(6) == 0) path += new[] { "?after=%ff", "?limit=99999999999999999999", "?returnUrl=//evil.example", "?page=-1&after=" + new string('A', 5000), "/..", "//" }[dice.Next(6)];
        if (dice.Next(10) == 0) method = new[] { "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE" }[dice.Next(5)];
        var body = Encoding.UTF8.GetBytes(Bodies[dice.Next(Bodies.Length)]);
        if (dice.Next(2) == 0) body = Spoil(dice, body);
        var headers = new StringBuilder($"{method} {Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal).Replace("%3F", "?", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal)} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
        if (dice.Next(3) > 0) headers.Append($"Authorization: Bearer {(dice.Next(5) == 0 ? "connect_" + new string('x', dice.Next(200)) : stage.Token)}\r\n");
        headers.Append(dice.Next(4) switch { 0 => "Cookie: connect=CfDJ8AAAA; connect-form=x; connect-seen=%00\r\n", 1 => $"Idempotency-Key: {new string('k', dice.Next(400))}\r\n", 2 => "Last-Event-ID: 1:x,2:\r\nX-Forwarded-For: ::1, x\r\n", _ => "" });
        headers.Append(dice.Next(4) switch { 0 => "Content-Type: application/x-www-form-urlencoded\r\n", 1 => "Content-Type: multipart/form-data\r\n", _ => "Content-Type: application/json\r\n" });
        headers.Append($"Content-Length: {body.Length}\r\n\r\n");
        byte[] bytes = [.. Encoding.Latin1.GetBytes(headers.ToString()), .. body];
        // A stream does not end, and what is spoiled may be no request any more.
        return dice.Next(4) == 0 ? (Spoil(dice, bytes), false) : (bytes, !pattern.EndsWith("/live", StringComparison.Ordinal));
    }

    private static byte[] Spoil(Random dice, byte[] bytes)
    {
        for (var left = 1 + dice.Next(3); left > 0 && bytes.Length > 0; left--)
        {
            var at = dice.Next(bytes.Length);
            bytes = dice.Next(4) switch
            {
                0 => [.. bytes[..at], (byte)(bytes[at] ^ (1 << dice.Next(8))), .. bytes[(at + 1)..]],
                1 => bytes[..at],
                2 => [.. bytes[..at], .. bytes[Math.Max(0, at - 20)..]],
                _ => [.. bytes[..at], (byte)dice.Next(256), .. bytes[at..]],
            };
        }
        return bytes;
    }

    /// <returns>The status; 0 if there was none within the time, and 1 if it hung up, which it may.</returns>
    private async Task<int> SendAsync(byte[] request, TimeSpan patience)
    {
        using var late = new CancellationTokenSource(patience);
        using var client = new TcpClient();
        var (answer, have) = (new byte[4096], 0);
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, new Uri(stage.A.Url).Port, late.Token);
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
