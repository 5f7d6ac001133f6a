using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Connect.BoardWeb.Tests.Stage;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Pages that guests share for a second, and how they are packed.</summary>
public sealed class GuestPagesTests(MariaDbStage ring)
{
    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    [InlineData("identity")]
    public async Task A_page_is_packed_as_the_browser_asks_and_is_whole(string encoding)
    {
        var topic = await ring.TopicAsync(body: string.Join("\n\n", Enumerable.Range(0, 200).Select(i => $"Paragraph {i} of a long text.")));
        using var guest = Guest();
        // The first makes the page, the second is given the one that was kept.
        for (var i = 0; i < 2; i++)
        {
            var (text, answer, bytes) = await ReadAsync(guest, $"/t/{topic}", encoding);
            Assert.Contains("Paragraph 199 of a long text.", text, StringComparison.Ordinal);
            Assert.EndsWith("</html>", text.TrimEnd(), StringComparison.Ordinal);
            Assert.Equal(encoding == "identity" ? "" : encoding, string.Join(' ', answer.Content.Headers.ContentEncoding));
            Assert.Contains("Accept-Encoding", answer.Headers.Vary);
            Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
            if (encoding != "identity") Assert.True(bytes < text.Length / 3, $"{bytes} of {text.Length}");
        }
    }

    [Fact]
    public async Task Guests_share_a_page_and_see_at_once_what_is_written_here()
    {
        var topic = await ring.TopicAsync();
        using var guest = Guest();
        using var admin = ring.Admin(ring.A);
        await ReadAsync(guest, $"/t/{topic}");
        // Other tests write through this node too, and make kept pages old.
        var shared = false;
        for (var i = 0; i < 50 && !shared; i++) shared = (await ReadAsync(guest, $"/t/{topic}")).Answer.Headers.Age is not null;
        Assert.True(shared);
        for (var i = 0; i < 5; i++)
        {
            await ReadAsync(guest, $"/t/{topic}");
            (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = $"news {i}" })).EnsureSuccessStatusCode();
            Assert.Contains($"news {i}", (await ReadAsync(guest, $"/t/{topic}")).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_is_written_on_another_node_shows_after_a_second()
    {
        var topic = await ring.TopicAsync();
        using var guest = Guest(ring.B);
        using var admin = ring.Admin(ring.A);
        await ReadAsync(guest, $"/t/{topic}");
        (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "from elsewhere" })).EnsureSuccessStatusCode();
        await Wait.UntilAsync(async () => (await ReadAsync(guest, $"/t/{topic}")).Text.Contains("from elsewhere", StringComparison.Ordinal), TimeSpan.FromSeconds(5), "the post to show");
    }

    [Fact]
    public async Task Whoever_signed_in_has_pages_of_their_own_and_guests_never_get_them()
    {
        var topic = await ring.TopicAsync();
        var name = $"Owner {Guid.NewGuid():N}"[..20];
        using var member = new PlainBrowser(ring.A.Url);
        await member.SignUpAsync(name);
        using var guest = Guest();
        for (var i = 0; i < 10; i++)
        {
            Assert.DoesNotContain(name, (await ReadAsync(guest, $"/t/{topic}")).Text, StringComparison.Ordinal);
            Assert.Equal(name, (await member.GoAsync($"/t/{topic}")).QuerySelector(".me")!.TextContent);
        }
        Assert.NotNull((await member.GoAsync($"/t/{topic}")).QuerySelector("#reply"));
    }

    [Fact]
    public async Task A_kept_page_is_in_one_language_only()
    {
        var topic = await ring.TopicAsync();
        using var guest = Guest();
        for (var i = 0; i < 5; i++)
        {
            Assert.Contains("lang=\"de\"", (await ReadAsync(guest, $"/t/{topic}", language: "de")).Text, StringComparison.Ordinal);
            Assert.Contains("lang=\"en\"", (await ReadAsync(guest, $"/t/{topic}", language: "en")).Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_is_not_there_and_what_failed_is_not_kept()
    {
        using var guest = Guest();
        var topic = Guid.CreateVersion7();
        for (var i = 0; i < 3; i++) Assert.Null((await ReadAsync(guest, $"/t/{topic}", status: HttpStatusCode.NotFound)).Answer.Headers.Age);
    }

    /// <summary>Readers who ask for a page and go away while it is on its way: what they left must not be given to others.</summary>
    [Fact]
    public async Task A_page_whose_reader_went_away_is_not_kept()
    {
        var topic = await ring.TopicAsync();
        using var admin = ring.Admin(ring.A);
        for (var i = 0; i < 25; i++)
            (await admin.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = string.Concat(Enumerable.Range(0, 3000).Select(n => (n * 7919 + i).ToString("x6", CultureInfo.InvariantCulture) + " ")) })).EnsureSuccessStatusCode();
        using var guest = Guest();
        for (var i = 0; i < 30; i++)
        {
            var path = $"/t/{topic}?n={i}";
            await LeaveAsync(path);
            var text = (await ReadAsync(guest, path, "identity")).Text;
            Assert.EndsWith("</html>", text.TrimEnd(), StringComparison.Ordinal);
        }
    }

    /// <summary>Asks for a page, takes its first bytes, and breaks the connection.</summary>
    private async Task LeaveAsync(string path)
    {
        var url = new Uri(ring.A.Url);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096, LingerState = new(true, 0) };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await socket.ConnectAsync(url.Host, url.Port, patience.Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {url.Authority}\r\nAccept-Encoding: identity\r\nAccept-Language: en\r\n\r\n"), patience.Token);
        await socket.ReceiveAsync(new byte[512], patience.Token);
    }

    private HttpClient Guest(BoardNode? node = null) =>
        new(new SocketsHttpHandler { UseCookies = false, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = new((node ?? ring.A).Url), Timeout = TimeSpan.FromSeconds(20) };

    private static async Task<(string Text, HttpResponseMessage Answer, long Bytes)> ReadAsync(HttpClient guest, string path, string encoding = "br", string language = "en", HttpStatusCode status = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.AcceptEncoding.ParseAdd(encoding);
        request.Headers.AcceptLanguage.ParseAdd(language);
        var answer = await guest.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        await using Stream plain = answer.Content.Headers.ContentEncoding.FirstOrDefault() switch
        {
            "br" => new BrotliStream(new MemoryStream(bytes), CompressionMode.Decompress),
            "gzip" => new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress),
            _ => new MemoryStream(bytes),
        };
        using var reader = new StreamReader(plain);
        return (await reader.ReadToEndAsync(), answer, bytes.Length);
    }
}
