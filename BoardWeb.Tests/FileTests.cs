using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AngleSharp.Html.Parser;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Connect.Node.Files;
using Dapper;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Metadata.Profiles.Exif;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Pictures and other files in posts.</summary>
public sealed class FileTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private const string Script = "<script>alert(1)</script>";

    /// <summary>What stands in a file that says where it comes from.</summary>
    private static readonly string[] Telltales = ["Exif", "Spy cam", "GPS", "ns.adobe", "Photoshop"];

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_photograph_is_turned_upright_shown_by_the_other_node_and_says_nothing_of_where_it_was_taken(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var token = await stage.MemberAsync($"Ann {PageTests.Unique()}");
        using var ann = stage.A.Client(token);
        var photograph = Photograph(2400, 1200);
        Assert.Contains("Spy cam 3000", Encoding.Latin1.GetString(photograph), StringComparison.Ordinal);
        var (file, status) = await SendAsync(ann, "Holiday in Åre.JPG", photograph);
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(("Holiday-in-Åre.jpg", "image/jpeg", 1200, 2400), (Text(file, "name"), Text(file, "type"), file.GetProperty("width").GetInt32(), file.GetProperty("height").GetInt32()));
        var (id, markdown) = (file.GetProperty("id").GetGuid(), Text(file, "markdown"));
        Assert.Equal($"![Holiday-in-Åre.jpg](/f/{id}/Holiday-in-%C3%85re-640x1280.jpg)", markdown);

        using var guest = stage.B.Client();
        foreach (var (address, width, height) in new[] { (Text(file, "address"), 1200, 2400), ($"/f/{id}/Holiday-in-%C3%85re-640x1280.jpg", 640, 1280) })
        {
            using var answer = await guest.GetAsync(address);
            Assert.Equal((HttpStatusCode.OK, "image/jpeg", "inline"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType, answer.Content.Headers.ContentDisposition!.DispositionType));
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Contains("sandbox", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.True(answer.Headers.CacheControl!.Public && answer.Headers.CacheControl.ToString().Contains("immutable", StringComparison.Ordinal));
            var bytes = await answer.Content.ReadAsByteArrayAsync();
            var raw = Encoding.Latin1.GetString(bytes);
            Assert.All(Telltales, word => Assert.DoesNotContain(word, raw, StringComparison.Ordinal));
            using var seen = Image.Load<Rgba32>(bytes);
            Assert.Equal((width, height), (seen.Width, seen.Height));
            Assert.Null(seen.Metadata.ExifProfile);
            // It was red on the left, and orientation 6 turns that up.
            Assert.True(seen[width / 2, height / 10].R > 200 && seen[width / 2, height * 9 / 10].B > 200, "it lies on its side");
            using var again = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { IfNoneMatch = { answer.Headers.ETag! } } };
            Assert.Equal(HttpStatusCode.NotModified, (await guest.SendAsync(again)).StatusCode);
            using var head = await guest.SendAsync(new(HttpMethod.Head, address));
            Assert.Equal((HttpStatusCode.OK, (long?)bytes.Length), (head.StatusCode, head.Content.Headers.ContentLength));
        }

        var topic = await stage.TopicAsync(body: $"See:\n\n{markdown}");
        var page = new HtmlParser().ParseDocument(await guest.GetStringAsync($"/t/{topic}"));
        var image = page.QuerySelector("article.post .prose img")!;
        Assert.Equal(("640", "1280", "lazy", "Holiday-in-Åre.jpg"), (image.GetAttribute("width"), image.GetAttribute("height"), image.GetAttribute("loading"), image.GetAttribute("alt")));
        Assert.Equal(Text(file, "address"), image.ParentElement!.GetAttribute("href"));
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync(image.GetAttribute("src"))).StatusCode);
        Assert.Contains($"src=\"{stage.B.Url}/f/", System.Net.WebUtility.HtmlDecode(await guest.GetStringAsync($"/t/{topic}/feed")), StringComparison.Ordinal);
        // Sent once more it is the one that is there, and every node knows it as theirs.
        Assert.Equal(id, (await SendAsync(ann, "Holiday in Åre.JPG", photograph)).File.GetProperty("id").GetGuid());
        using var onB = stage.B.Client(token);
        Assert.Equal(id, Assert.Single((await onB.GetFromJsonAsync<JsonElement>("/api/v1/files")).GetProperty("items").EnumerateArray()).GetProperty("id").GetGuid());
    }

    public static TheoryData<string, string, string, string> Kinds => new()
    {
        { "png", "drawing.PNG", "drawing.png", "image/png" },
        { "jpeg", "x.jpeg", "x.jpeg", "image/jpeg" },
        { "gif", "moves.gif", "moves.png", "image/png" },
        { "webp", "new.webp", "new.jpg", "image/jpeg" },
        { "webp-alpha", "new.webp", "new.png", "image/png" },
        { "png", "not-a-script.js", "not-a-script.js.png", "image/png" },
        { "pdf", "paper.pdf", "paper.pdf", "application/pdf" },
        { "pdf", "paper.html", "paper.html.pdf", "application/pdf" },
        { "zip", "sheet.xlsx", "sheet.xlsx", "application/zip" },
        { "zip", "run.jar", "run.jar.zip", "application/zip" },
        { "gzip", "logs.tgz", "logs.tgz", "application/gzip" },
        { "text", "notes.md", "notes.md", "text/plain" },
        { "html", "picture.png", "picture.png.txt", "text/plain" },
        { "html", "page.html", "page.html.txt", "text/plain" },
        { "svg", "drawing.svg", "drawing.svg.txt", "text/plain" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_file_is_what_is_in_it_whatever_it_is_called(string what, string name, string becomes, string type)
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var bytes = Sample(what);
        var (file, status) = await SendAsync(admin, name, bytes, contentType: "text/html");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(becomes, Text(file, "name"));
        using var guest = mariaDb.B.Client();
        using var answer = await guest.GetAsync(Text(file, "address"));
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.StartsWith("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var kept = await answer.Content.ReadAsByteArrayAsync();
        if (type.StartsWith("image/", StringComparison.Ordinal))
        {
            Assert.Equal("inline", answer.Content.Headers.ContentDisposition!.DispositionType);
            Assert.Single(Image.Load<Rgba32>(kept).Frames);
            Assert.StartsWith("![", Text(file, "markdown"), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
            Assert.Equal(bytes, kept);
            Assert.StartsWith("[", Text(file, "markdown"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_nobody_knows_is_empty_or_only_begins_like_a_picture_is_refused_in_words()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        (byte[] Bytes, HttpStatusCode Status)[] tried =
        [
            ([], HttpStatusCode.UnprocessableEntity), ([.. "MZ\0\0"u8, .. new byte[100]], HttpStatusCode.UnsupportedMediaType), ("a\0b"u8.ToArray(), HttpStatusCode.UnsupportedMediaType),
            ([0xC3, 0x28], HttpStatusCode.UnsupportedMediaType), ([.. Sample("png")[..60]], HttpStatusCode.UnprocessableEntity), ([0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3], HttpStatusCode.UnprocessableEntity),
            ([.. "GIF89a"u8, .. Encoding.ASCII.GetBytes(Script)], HttpStatusCode.UnprocessableEntity), ([.. "RIFF\u0010\0\0\0WEBPVP8X"u8, .. new byte[40]], HttpStatusCode.UnprocessableEntity),
        ];
        foreach (var (bytes, expected) in tried)
        {
            var (problem, status) = await SendAsync(admin, "x.png", bytes);
            Assert.Equal(expected, status);
            Assert.True(Text(problem, "detail").Length > 20);
        }
        var dice = new Random(17);
        foreach (var what in new[] { "png", "jpeg", "gif", "webp" })
        {
            var whole = Sample(what);
            for (var i = 0; i < 25; i++)
            {
                var spoiled = whole.ToArray();
                for (var hits = 0; hits < 5; hits++) spoiled[dice.Next(8, spoiled.Length)] = (byte)dice.Next(256);
                Assert.InRange((int)(await SendAsync(admin, "x.png", spoiled)).Status, 201, 422);
            }
        }
    }

    [Fact]
    public async Task A_bomb_costs_nothing()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        (string What, byte[] Bytes)[] bombs =
        [
            ("50,000 × 50,000", PngOf(50_000, 50_000, new byte[100])), ("a side of two thousand millions", PngOf(int.MaxValue, 1, new byte[100])), ("6,000 × 6,000", PngOf(6_000, 6_000, new byte[100])),
            ("5,500 × 5,500, for which there would be memory", PngOf(5_500, 5_500, new byte[100])),
            ("a GIF of one pixel with a frame of four thousand millions", [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 2, 2, 0x4C, 1, 0, 0x3B]),
        ];
        foreach (var (what, bytes) in bombs)
        {
            var (before, began, peak) = (GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp(), Process.GetCurrentProcess().PeakWorkingSet64);
            var (problem, status) = await SendAsync(admin, "bomb.png", bytes);
            // A frame is cut to its screen before anything is made for it.
            Assert.True(status == HttpStatusCode.UnprocessableEntity || (status == HttpStatusCode.Created && bytes[0] == 'G'), $"{what}: {status} {problem}");
            Assert.True(bytes[0] == 'G' || what.Contains("thousand", StringComparison.Ordinal) || Text(problem, "detail").Contains("million pixels", StringComparison.Ordinal), $"{what}: {problem}");
            Assert.True(GC.GetTotalAllocatedBytes() - before < 32 << 20, $"{what} took {GC.GetTotalAllocatedBytes() - before:N0} bytes");
            Assert.True(Process.GetCurrentProcess().PeakWorkingSet64 - peak < 160 << 20, $"{what} took {Process.GetCurrentProcess().PeakWorkingSet64 - peak:N0} bytes");
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5), what);
        }
        // A picture like any other, with a text of 64 MiB packed into it.
        var text = Png(20, 20, ("zTXt", [.. "Comment\0\0"u8, .. Packed(new byte[64 << 20])]));
        var already = GC.GetTotalAllocatedBytes();
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(admin, "talks.png", text)).Status);
        Assert.True(GC.GetTotalAllocatedBytes() - already < 32 << 20, "the text was unpacked");
    }

    /// <summary>Each pass over the picture costs 54 bytes, and is work for 374,544 blocks.</summary>
    [Fact]
    public async Task A_JPEG_of_a_hundred_thousand_passes_is_cut_off()
    {
        const int Side = 4896, Blocks = Side / 8 * (Side / 8);
        byte[] start =
        [
            0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64), 0xFF, 0xC2, 0, 11, 8, Side >> 8, Side & 0xFF, Side >> 8, Side & 0xFF, 1, 1, 0x11, 0,
            0xFF, 0xC4, 0, 20, 0x00, 1, .. new byte[15], 0, 0xFF, 0xC4, 0, 20, 0x10, 1, .. new byte[15], 0xE0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, .. new byte[Blocks / 8],
        ];
        byte[] pass = [0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, .. new byte[44]];
        using var jpeg = new MemoryStream();
        jpeg.Write(start);
        for (var i = 0; i < 100_000; i++) jpeg.Write(pass);
        jpeg.Write([0xFF, 0xD9]);
        using var admin = mariaDb.Admin(mariaDb.A);
        var began = Stopwatch.GetTimestamp();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(admin, "passes.jpg", jpeg.ToArray())).Status);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 18);
    }

    [Fact]
    public async Task What_is_hidden_in_a_picture_is_not_kept()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        byte[] polyglot = [.. Png(30, 30, ("tEXt", [.. "Comment\0"u8, .. Encoding.ASCII.GetBytes(Script)])), .. Encoding.ASCII.GetBytes($"<html>{Script}</html>")];
        var (file, _) = await SendAsync(admin, "polyglot.png", polyglot);
        using var guest = mariaDb.A.Client();
        var kept = await guest.GetByteArrayAsync(Text(file, "address"));
        Assert.DoesNotContain("script", Encoding.Latin1.GetString(kept), StringComparison.OrdinalIgnoreCase);
        using var jpeg = new MemoryStream();
        new Image<Rgba32>(40, 40).SaveAsJpeg(jpeg);
        byte[] commented = [.. jpeg.ToArray()[..2], 0xFF, 0xFE, 0, 30, .. Encoding.ASCII.GetBytes(Script.PadRight(28)), .. jpeg.ToArray()[2..]];
        (file, _) = await SendAsync(admin, "commented.jpg", commented);
        Assert.DoesNotContain("script", Encoding.Latin1.GetString(await guest.GetByteArrayAsync(Text(file, "address"))), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("../../etc/passwd.png", "passwd.png")]
    [InlineData("..\\..\\windows\\system.ini.png", "system.ini.png")]
    [InlineData("..", "picture.png")]
    [InlineData(".htaccess", "htaccess.png")]
    [InlineData("a\r\nSet-Cookie: x=1.png", "a-Set-Cookie-x-1.png")]
    [InlineData("photo\u202Egnp.exe", "photo-gnp.exe.png")]
    [InlineData("zero\u200Bwidth\uFEFF.png", "zero-width.png")]
    [InlineData("a\0b.png", "a-b.png")]
    [InlineData("\uD800half.png", "half.png")]
    [InlineData("<img src=x onerror=alert(1)>.png", "img-src-x-onerror-alert-1.png")]
    [InlineData("[a](javascript:x).png", "a-javascript-x.png")]
    [InlineData("\"; filename=\"evil.html", "filename-evil.html.png")]
    [InlineData("Z\u0301\u0301\u0301\u0301\u0301\u0301algo.png", "Z\u0301\u0301algo.png")]
    [InlineData("कि.png", "कि.png")]
    [InlineData("日本語 の 写真.png", "日本語-の-写真.png")]
    [InlineData("a%2f%2e%2e.png", "a-2f-2e-2e.png")]
    [InlineData("", "picture.png")]
    [InlineData(null, "picture.png")]
    public void A_name_is_only_a_name(string? sent, string kept) => Assert.Equal(kept, FileRules.Name(sent, FileKind.Png));

    [Theory]
    [InlineData("x")]
    [InlineData("é")]
    [InlineData("😀")]
    [InlineData("𠮷")]
    [InlineData("e\u0301")]
    public void A_long_name_is_cut_between_letters(string letter) =>
        Assert.InRange(FileRules.Name(string.Concat(Enumerable.Repeat(letter, 3000)) + ".png", FileKind.Png).Length, 5, FileRules.MaxName + 4);

    [Fact]
    public async Task Nothing_but_a_files_own_name_leads_to_it()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        var (file, _) = await SendAsync(admin, "a\r\nX-Evil: 1\".txt", "text"u8.ToArray());
        var id = file.GetProperty("id").GetGuid();
        using var guest = mariaDb.A.Client();
        using var answer = await guest.GetAsync(Text(file, "address"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("X-Evil"));
        foreach (var name in new[] { "other.txt", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fappsettings.json", "..%5c..%5cx", "%00", "A-X-EVIL-1.TXT", "%0d%0aX-Evil:1", new string('x', 3000) })
            Assert.True((await guest.GetAsync($"/f/{id}/{name}")).StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, name);
        Assert.Equal(HttpStatusCode.NotFound, (await guest.GetAsync($"/f/{Guid.NewGuid()}/x.png")).StatusCode);
    }

    [Fact]
    public async Task What_is_too_large_is_refused_and_in_most_cases_unread()
    {
        using var ann = mariaDb.A.Client(await mariaDb.MemberAsync($"Ann {PageTests.Unique()}"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SendAsync(ann, "x.txt", Large(FileRules.MaxBytes + 1))).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SendAsync(ann, "x.png", [.. Sample("png"), .. new byte[FileRules.MaxPictureBytes]])).Status);
        var (problem, status) = await SendAsync(ann, "x.txt", Large(FileRules.MaxRequestBytes + 1), expectContinue: true);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, true), (status, Text(problem, "detail").Contains("MB", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(ann, "x.txt", Large(FileRules.MaxBytes))).Status);
        using var whole = await ann.GetAsync(Text(Assert.Single((await ann.GetFromJsonAsync<JsonElement>("/api/v1/files")).GetProperty("items").EnumerateArray()), "address"));
        Assert.Equal(Large(FileRules.MaxBytes), await whole.Content.ReadAsByteArrayAsync());
        // Nobody who is not known may send as much as that, anywhere.
        using var stranger = mariaDb.A.Client("connect_nobody");
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(stranger, "x.txt", Large(1 << 20), expectContinue: true)).Status);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Large(1 << 20)), "Files", "x.txt" } };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/t/{await mariaDb.TopicAsync()}") { Content = form, Headers = { ExpectContinue = true } };
        request.Headers.Add("X-Forwarded-For", "203.0.113.71"); // its own limit on posting, or the guests of other tests have used it up
        using var guest = mariaDb.A.Client();
        Assert.InRange((int)(await guest.SendAsync(request)).StatusCode, 400, 413);
        // Nor a member where no files are taken.
        using var post = new HttpRequestMessage(HttpMethod.Post, "/api/v1/channels") { Content = new ByteArrayContent(Large(1 << 20)), Headers = { ExpectContinue = true } };
        post.Content.Headers.ContentType = new("application/json");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await ann.SendAsync(post)).StatusCode);
    }

    [Fact]
    public async Task Nobody_sends_more_than_a_days_worth_or_holds_all_places()
    {
        var name = $"Greedy {PageTests.Unique()}";
        var token = await mariaDb.MemberAsync(name);
        using var greedy = mariaDb.A.Client(token);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(greedy, "first.txt", "first"u8.ToArray())).Status);
        using (var first = await HalfAsync(token, 1 << 20))
        using (var second = await HalfAsync(token, 1 << 20))
        {
            await Wait.UntilAsync(async () => (await SendAsync(greedy, "third.txt", Large(1 << 20), expectContinue: true)).Status == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(10), "two are on their way, a third is refused");
            using var other = mariaDb.A.Client(await mariaDb.MemberAsync($"Other {PageTests.Unique()}"));
            Assert.Equal(HttpStatusCode.Created, (await SendAsync(other, "mine.txt", Large(1 << 20))).Status);
        }
        using var sent = mariaDb.B.Client(token); // another node, where nothing was counted yet of how often they send
        await Wait.UntilAsync(async () => (await SendAsync(mariaDb.Admin(mariaDb.A), "any.txt", Large(1 << 20))).Status == HttpStatusCode.Created, TimeSpan.FromSeconds(10), "places are given back");
        // Stopped in the middle: nothing of it is there.
        Assert.Single((await sent.GetFromJsonAsync<JsonElement>("/api/v1/files")).GetProperty("items").EnumerateArray());
        var ids = new Uuid7(TimeProvider.System);
        await mariaDb.SqlAsync(c => c.Execute("""
            INSERT INTO file (id,node,author_id,name,type,source_hash,content_id,size,width,height,shown_id,shown_size,shown_width,shown_height)
            SELECT @id,7,id,'large.zip','application/zip',@hash,@id,@size,0,0,NULL,0,0,0 FROM account WHERE name = @name
            """, Enumerable.Range(0, (int)(FileRules.MaxBytesPerDay / FileRules.MaxBytes)).Select(_ => new { id = Uuid7.ToBytes(ids.Next()), hash = new byte[32], size = FileRules.MaxBytes, name })));
        var (problem, status) = await SendAsync(sent, "one more.txt", "more"u8.ToArray());
        Assert.Equal((HttpStatusCode.TooManyRequests, true), (status, Text(problem, "detail").Contains("tomorrow", StringComparison.Ordinal)));
    }

    /// <summary>An import takes only names that a file could have got here.</summary>
    [Fact]
    public void A_name_that_was_cleaned_is_clean()
    {
        var dice = new Random(29);
        string[] pieces = ["a", "Ö", "\u0308", "\u0301", "ß", "山", "𝒳", "💥", ".", "-", "_", " ", "/", "\\", "png", "jpg", "JPEG", "txt", "html", "tar", "gz", "\u202e", "\0", "9", "ी", "क", new string('x', 79), "\ud83d", "ﬁ", "Å"];
        for (var i = 0; i < 20_000; i++)
        {
            var sent = string.Concat(Enumerable.Range(0, dice.Next(8)).Select(_ => pieces[dice.Next(pieces.Length)]));
            foreach (var kind in FileKind.All)
            {
                var name = FileRules.Name(sent, kind);
                Assert.True(name == FileRules.Name(name, kind), $"{string.Join(' ', sent.Select(c => $"{(int)c:X4}"))}: {name} becomes {FileRules.Name(name, kind)}");
            }
        }
    }

    /// <summary>Rows of two tables may arrive in any order, or not all: then there is no file.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_file_is_there_when_all_of_its_parts_are(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var ids = new Uuid7(TimeProvider.System);
        var (id, content, bytes) = (ids.Next(), ids.Next(), Large(FileRules.PartBytes + 10));
        await stage.SqlAsync(c => c.Execute("""
            INSERT INTO file (id,node,author_id,name,type,source_hash,content_id,size,width,height,shown_id,shown_size,shown_width,shown_height)
            VALUES (@id,4714,@id,'from-afar.txt','text/plain; charset=utf-8',@hash,@content,@size,0,0,NULL,0,0,0)
            """, new { id = Uuid7.ToBytes(id), content = Uuid7.ToBytes(content), hash = new byte[32], size = bytes.Length }));
        using var guest = stage.B.Client();
        using var admin = stage.Admin(stage.B);
        foreach (var number in new[] { 1, 0 })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await guest.GetAsync($"/f/{id}/from-afar.txt")).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await guest.GetAsync($"/f/{id}")).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await admin.GetAsync($"/api/v1/files/{id}")).StatusCode);
            var part = number == 0 ? bytes[..FileRules.PartBytes] : bytes[FileRules.PartBytes..];
            await stage.SqlAsync(c => c.Execute("INSERT INTO file_part (id,node,content_id,number,bytes) VALUES (@id,4714,@content,@number,@part)",
                new { id = Uuid7.ToBytes(ids.Next()), content = Uuid7.ToBytes(content), number, part }));
        }
        Assert.Equal(bytes, await guest.GetByteArrayAsync($"/f/{id}/from-afar.txt"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_deleted_file_is_gone_for_all_but_moderators_and_only_they_take_back_what_they_deleted(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        using var ann = stage.A.Client(await stage.MemberAsync($"Ann {PageTests.Unique()}"));
        using var bob = stage.B.Client(await stage.MemberAsync($"Bob {PageTests.Unique()}"));
        using var admin = stage.Admin(stage.B);
        using var guest = stage.B.Client();
        var (file, _) = await SendAsync(ann, "rude.png", Sample("png"));
        var (api, address) = ($"/api/v1/files/{file.GetProperty("id").GetGuid()}", Text(file, "address"));
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.DeleteAsync(api)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await guest.DeleteAsync(api)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync(address)).StatusCode);
        // Its owner, and back.
        Assert.Equal(HttpStatusCode.OK, (await ann.DeleteAsync(api)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await guest.GetAsync(address)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await bob.GetAsync(api)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ann.PostAsync(api + "/restore", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync(address)).StatusCode);
        // A moderator.
        Assert.Equal(HttpStatusCode.OK, (await admin.DeleteAsync(api + "?reason=too%20rude")).StatusCode);
        Assert.Equal("[]", (await (await admin.DeleteAsync(api)).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("decided").GetRawText());
        Assert.Equal(HttpStatusCode.NotFound, (await guest.GetAsync(address)).StatusCode);
        Assert.True((await ann.GetFromJsonAsync<JsonElement>(api)).GetProperty("deleted").GetBoolean());
        Assert.Equal(HttpStatusCode.Forbidden, (await ann.PostAsync(api + "/restore", null)).StatusCode);
        // Sent again it is a new one; the old one stays where it is.
        Assert.NotEqual(address, Text((await SendAsync(ann, "rude.png", Sample("png"))).File, "address"));
        var entry = (await admin.GetFromJsonAsync<JsonElement>("/api/v1/decisions")).GetProperty("items").EnumerateArray().First(d => Text(d, "reason") == "too rude");
        Assert.Equal(("rude.png", "hidden"), (Text(entry, "about"), Text(entry, "property")));
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync(api + "/restore", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync(address)).StatusCode);
    }

    [Fact]
    public async Task Whoever_may_not_write_sends_no_files()
    {
        var name = $"Banned {PageTests.Unique()}";
        using var banned = mariaDb.A.Client(await mariaDb.MemberAsync(name));
        var account = await mariaDb.SqlAsync(c => Uuid7.FromBytes(c.QuerySingle<byte[]>("SELECT id FROM account WHERE name = @name", new { name })));
        using var admin = mariaDb.Admin(mariaDb.A);
        (await admin.PutAsJsonAsync($"/api/v1/accounts/{account}/ban", new { until = DateTimeOffset.UtcNow.AddDays(1) })).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(banned, "x.txt", "text"u8.ToArray())).Status);
    }

    [Fact]
    public async Task Files_come_with_forms_without_JavaScript_and_a_fault_in_the_text_loses_none()
    {
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync($"Plain {PageTests.Unique()}");
        await reader.GoAsync("/c/general/new");
        var page = await reader.SendFilesAsync("main form", [("A boat.png", Png(1600, 800)), ("notes.txt", "notes"u8.ToArray()), ("virus.exe", [(byte)'M', (byte)'Z', 0, 0])], ("Title", ""), ("Body", "Look *here*."));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reader.Status);
        Assert.Contains("virus.exe: A file of this kind is not taken", page.QuerySelector("main form")!.TextContent, StringComparison.Ordinal);
        var text = page.QuerySelector("#body")!.TextContent;
        Assert.Matches(@"\ALook \*here\*\.\n\n!\[A-boat\.png\]\(/f/[0-9a-f-]{36}/A-boat-1280x640\.png\)\n\n\[notes\.txt\]\(/f/[0-9a-f-]{36}/notes\.txt\)\z", text.Trim().ReplaceLineEndings("\n"));
        page = await reader.SendFilesAsync("main form", [], ("Title", "A boat"), ("preview", "1"));
        Assert.NotNull(page.QuerySelector(".preview img[width='1280']"));
        page = await reader.SendFilesAsync("main form", [], ("Title", "A boat"));
        Assert.Equal(HttpStatusCode.OK, reader.Status);
        var topic = reader.Path;
        Assert.Equal(("1280", "640"), (page.QuerySelector(".prose img")!.GetAttribute("width"), page.QuerySelector(".prose img")!.GetAttribute("height")));
        // A reply that is only a picture.
        page = await reader.SendFilesAsync("#reply", [("reply.png", Png(10, 20))], ("Body", ""));
        Assert.Equal("reply.png", page.QuerySelectorAll("article.post")[^1].QuerySelector("img")!.GetAttribute("alt"));
        // One more with an edit.
        await reader.GoAsync(page.QuerySelectorAll("article.post")[^1].QuerySelector(".post-foot a:last-child")!.GetAttribute("href")!);
        await reader.SendFilesAsync("#edit", [("more.txt", "more"u8.ToArray())]);
        page = await reader.GoAsync(topic);
        Assert.Equal(2, page.QuerySelectorAll("article.post")[^1].QuerySelectorAll(".prose a").Length);
        // Too many at once: nothing is kept, and nothing of the text is lost.
        await reader.GoAsync($"{topic}?end=1");
        page = await reader.SendFilesAsync("#reply", Enumerable.Range(0, 5).Select(i => ($"{i}.txt", "x"u8.ToArray())), ("Body", "Five of them"));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "Five of them"), (reader.Status, page.QuerySelector("#body")!.TextContent.Trim()));
        Assert.Contains("too many", page.QuerySelector("#reply")!.TextContent, StringComparison.Ordinal);
        page = await reader.GoAsync("/files");
        Assert.Equal(["more.txt", "reply.png", "notes.txt", "A-boat.png"], page.QuerySelectorAll(".list .title").Select(a => a.TextContent));
        // Deleted on its page, by whoever sent it.
        await reader.FollowAsync(".list li:last-child a");
        page = await reader.SendAsync("#delete", ("Reason", "wrong boat"));
        Assert.Contains("wrong boat", page.QuerySelector(".notice")!.TextContent, StringComparison.Ordinal);
        Assert.Null(page.QuerySelector("main img"));
        Assert.NotNull(page.QuerySelector("#restore"));
        using var other = new PlainBrowser(mariaDb.A.Url);
        await other.GoAsync(reader.Path);
        Assert.Equal(HttpStatusCode.NotFound, other.Status);
    }

    [Fact]
    public void Only_pictures_of_this_board_are_shown()
    {
        var id = Guid.CreateVersion7();
        var own = $"/f/{id}/boat-64x32.png";
        Assert.Equal($"<p><a href=\"/f/{id}/boat.png\" rel=\"nofollow noopener ugc\"><img src=\"{own}\" width=\"64\" height=\"32\" loading=\"lazy\" decoding=\"async\" alt=\"A boat\" /></a></p>\n", MarkdownText.ToHtml($"![A boat]({own} \"title\")"));
        foreach (var foreign in new[]
        {
            "https://evil.example/f/x-1x1.png", $"//evil.example{own}", $"https://evil.example{own}", $"/f/{id}/../../signout-1x1.png", $"\\f\\{id}\\boat-1x1.png", $"/f/{id}/boat.png", $"/f/{id}/boat-0x5.png",
            $"/f/{id}/boat-123456x5.png", "/f/x/boat-1x1.png", $"{own}?x=1", $"{own}#x", $"data:image/png;base64,{own}", $"javascript:{own}", "/signout",
        })
        {
            var html = MarkdownText.ToHtml($"![x]({foreign})");
            Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
            Assert.True(foreign.StartsWith("https:", StringComparison.Ordinal) || foreign == $"/f/{id}/boat.png" || foreign.Contains("-0x5", StringComparison.Ordinal) || foreign.Contains("123456", StringComparison.Ordinal) || html.Contains("href=\"#\"", StringComparison.Ordinal), html);
        }
        // In a link of the author's own, with a text that would like to be more, without any, and many of them.
        var linked = new HtmlParser().ParseDocument(MarkdownText.ToHtml($"[![a]({own})](https://example.org/) ![\" onerror=alert(1) x=\"]({own}) ![]({own}) ![![b]({own})]({own})"));
        Assert.Equal(0, linked.QuerySelectorAll("a a").Length);
        Assert.Empty(linked.QuerySelectorAll("[onerror]"));
        Assert.All(linked.QuerySelectorAll("img"), i => Assert.NotEqual("", i.GetAttribute("alt")!.Trim()));
        var many = new HtmlParser().ParseDocument(MarkdownText.ToHtml(string.Join('\n', Enumerable.Repeat($"![x]({own})", 50))));
        Assert.Equal(MarkdownText.MaxPictures, many.QuerySelectorAll("img").Length);
        Assert.Equal(50, many.QuerySelectorAll("a").Length);
    }

    [Fact]
    public async Task A_program_sends_a_form_as_well_and_a_broken_one_is_its_own_fault()
    {
        using var admin = mariaDb.Admin(mariaDb.A);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Sample("png")), "file", "in a form.png" } };
        var file = await (await admin.PostAsync("/api/v1/files", form)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("in-a-form.png", Text(file, "name"));
        using var two = new MultipartFormDataContent { { new ByteArrayContent([1]), "a", "a" }, { new ByteArrayContent([1]), "b", "b" } };
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await admin.PostAsync("/api/v1/files", two)).StatusCode);
        foreach (var (type, body) in new[] { ("multipart/form-data", "x"), ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\ntext without an end") })
        {
            using var broken = new StringContent(body);
            broken.Headers.Remove("Content-Type");
            broken.Headers.TryAddWithoutValidation("Content-Type", type);
            Assert.Equal(HttpStatusCode.BadRequest, (await admin.PostAsync("/api/v1/files", broken)).StatusCode);
        }
    }

    /// <summary>A PNG of some colours, with other chunks in it.</summary>
    internal static byte[] Png(int width, int height, params (string Type, byte[] Data)[] chunks)
    {
        var rows = new byte[height * ((width * 3) + 1)];
        for (var i = 0; i < rows.Length; i++) rows[i] = i % ((width * 3) + 1) == 0 ? (byte)0 : (byte)(i / 300);
        return PngOf(width, height, rows, chunks);
    }

    private static byte[] PngOf(int width, int height, byte[] rows, params (string Type, byte[] Data)[] chunks)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2); // 8 bits, RGB
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. chunks.SelectMany(c => Chunk(c.Type, c.Data)), .. Chunk("IDAT", Packed(rows)), .. Chunk("IEND", [])];

        static byte[] Chunk(string type, byte[] data)
        {
            byte[] typed = [.. Encoding.ASCII.GetBytes(type), .. data];
            var (length, sum) = (new byte[4], new byte[4]);
            BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
            BinaryPrimitives.WriteUInt32BigEndian(sum, Crc(typed));
            return [.. length, .. typed, .. sum];
        }
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : 0xEDB88320 ^ (crc >> 1);
        }
        return ~crc;
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>Red on the left and blue on the right, as a telephone saves it: lying on its side, with a note that says so, and where it was taken.</summary>
    private static byte[] Photograph(int width, int height)
    {
        using var image = new Image<Rgba32>(width, height);
        image.ProcessPixelRows(rows =>
        {
            for (var y = 0; y < rows.Height; y++)
            {
                rows.GetRowSpan(y)[..(width / 2)].Fill(new Rgba32(255, 0, 0));
                rows.GetRowSpan(y)[(width / 2)..].Fill(new Rgba32(0, 0, 255));
            }
        });
        var exif = new ExifProfile();
        exif.SetValue(ExifTag.Orientation, (ushort)6);
        exif.SetValue(ExifTag.Model, "Spy cam 3000");
        exif.SetValue(ExifTag.GPSLatitudeRef, "N");
        exif.SetValue(ExifTag.GPSLatitude, [new Rational(63u), new Rational(23u), new Rational(58u)]);
        image.Metadata.ExifProfile = exif;
        using var stream = new MemoryStream();
        image.SaveAsJpeg(stream);
        return stream.ToArray();
    }

    private static byte[] Sample(string what)
    {
        using var stream = new MemoryStream();
        using var image = new Image<Rgba32>(60, 40, new Rgba32(10, 200, 30));
        switch (what)
        {
            case "png": image.SaveAsPng(stream); break;
            case "jpeg": image.SaveAsJpeg(stream); break;
            case "webp": image.SaveAsWebp(stream); break;
            case "gif":
                image.Frames.AddFrame(image.Frames.RootFrame);
                image.SaveAsGif(stream);
                break;
            case "webp-alpha":
                image.Mutate(i => i.Opacity(0.5f));
                image.SaveAsWebp(stream);
                break;
            case "zip":
                using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true)) zip.CreateEntry("x").Open().Dispose();
                break;
            case "gzip":
                using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write("text"u8);
                break;
            default:
                stream.Write(what switch
                {
                    "pdf" => "%PDF-1.7\n<html><script>alert(1)</script>"u8,
                    "html" => "<!DOCTYPE html><script>alert(1)</script>"u8,
                    "svg" => "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"u8,
                    _ => "just a text, with ünicode"u8,
                });
                break;
        }
        return stream.ToArray();
    }

    private static byte[] Large(int size)
    {
        var bytes = new byte[size];
        for (var i = 0; i < size; i++) bytes[i] = (byte)('a' + (i / 7 % 26));
        return bytes;
    }

    private static async Task<(JsonElement File, HttpStatusCode Status)> SendAsync(HttpClient http, string name, byte[] bytes, string contentType = "application/octet-stream", bool expectContinue = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/files?name={Uri.EscapeDataString(name)}") { Content = new ByteArrayContent(bytes), Headers = { ExpectContinue = expectContinue } };
        request.Content.Headers.ContentType = new(contentType);
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text), answer.StatusCode);
    }

    /// <summary>Somebody who stops in the middle of sending.</summary>
    private async Task<TcpClient> HalfAsync(string token, int size)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri(mariaDb.A.Url).Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /api/v1/files?name=half.txt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {size}\r\n\r\n{new string('x', size / 2)}"));
        return client;
    }

    private static string Text(JsonElement item, string property) => item.GetProperty(property).GetString()!;
}
