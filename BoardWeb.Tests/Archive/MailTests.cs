using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Connect.BoardWeb.Posts;
using Connect.Node.Database;
using Connect.Node.Files;
using Connect.RingDaemon.Archive;
using Xunit;

namespace Connect.BoardWeb.Tests.Archive;

/// <summary>From mails to posts, without a board.</summary>
public sealed class MailTests : IDisposable
{
    private static readonly Guid Channel = Guid.CreateVersion7();

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"mails-{Guid.NewGuid():N}.mbox");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Answers_are_where_their_references_say_and_else_where_their_subject_says()
    {
        var (items, _) = Read(
            Mail("a", "Tea", "the first"),
            Mail("b", "Re: Tea", "nearest", "In-Reply-To: <c>\nReferences: <gone> <a> <c>"), // c comes after it in the file
            Mail("c", "Re: Tea", "middle", "References: <a>"),
            Mail("d", "Coffee", "another matter"),
            Mail("e", "AW: Re: coffee", "by subject"),
            Mail("f", "Re: never asked", "an orphan", "References: <nowhere>"),
            Mail("g", "Tea", "the same subject, no answer"));
        Assert.Equal(["Tea", "Coffee", "never asked", "Tea"], Of("topic", items).Select(t => t.GetProperty("title").GetString()));
        var (posts, topics) = (Of("post", items).ToDictionary(Body), Of("topic", items).Select(t => t.GetProperty("id").GetGuid()).ToList());
        string[] written = ["the first", "nearest", "middle", "another matter", "by subject", "an orphan", "the same subject, no answer"];
        Assert.Equal([topics[0], topics[0], topics[0], topics[1], topics[1], topics[2], topics[3]],
            written.Select(b => posts[b].GetProperty("topic").GetGuid()));
        Assert.Equal(posts["middle"].GetProperty("id").GetGuid(), posts["nearest"].GetProperty("inReplyTo").GetGuid());
        Assert.Equal(posts["another matter"].GetProperty("id").GetGuid(), posts["by subject"].GetProperty("inReplyTo").GetGuid());
        Assert.False(posts["an orphan"].TryGetProperty("inReplyTo", out _));
    }

    [Fact]
    public void The_same_mails_make_the_same_posts_in_any_order_and_the_same_mail_twice_is_one()
    {
        string[] mails = [Mail("a", "Tea", "one"), Mail("b", "Re: Tea", "two", "References: <a>"), Mail("c", "Re: Tea", "three", "References: <a> <b>")];
        var first = Read(mails).Items.Order(StringComparer.Ordinal).ToList();
        var (second, report) = Read([.. mails.Reverse(), mails[1]]);
        Assert.Equal(first, second.Order(StringComparer.Ordinal));
        Assert.Equal(1, report.Repeated);
        Assert.All(Of("post", first), p => Assert.Equal(2004, Uuid7.TimeOf(p.GetProperty("id").GetGuid()).Year));
        Assert.All(Of("post", first), p => Assert.Equal(7, p.GetProperty("id").GetGuid().Version));
    }

    [Fact]
    public void Mails_that_answer_each_other_in_a_circle_or_ten_thousand_others_are_one_topic_and_cost_little()
    {
        var began = Process.GetCurrentProcess().TotalProcessorTime;
        var many = string.Join("\n ", Enumerable.Range(0, 10_000).Select(i => $"<x{i}@y>"));
        var (items, report) = Read(
            Mail("a", "Round", "a", "References: <c>"), Mail("b", "Re: Round", "b", "References: <a>"), Mail("c", "Re: Round", "c", "References: <b>"), Mail("d", "Self", "d", "References: <d>"),
            Mail("x0@y", "Many", "first"), Mail("m", "Re: Many", "last", $"References: {many}"), Mail("h", "Huge", "h", $"X-Spam: {new string('x', 20_000_000)}\nX-Also: {string.Join("\n ", Enumerable.Repeat(new string('y', 900), 9000))}"));
        Assert.Equal(4, Of("topic", items).Count());
        Assert.Equal(7, Of("post", items).Count());
        Assert.Equal(0, report.Bad);
        Assert.Equal(Of("post", items).First(p => Body(p) == "first").GetProperty("topic").GetGuid(), Of("post", items).First(p => Body(p) == "last").GetProperty("topic").GetGuid());
        var took = Process.GetCurrentProcess().TotalProcessorTime - began;
        Assert.True(took < TimeSpan.FromSeconds(5), $"it took {took}");
    }

    [Theory]
    [InlineData("text/plain; charset=iso-8859-1", "quoted-printable", "Gr=FC=DFe", "Grüße")]
    [InlineData("text/plain; charset=koi8-r", "base64", "8NLJ18XU", "Привет")]
    [InlineData("text/plain; charset=windows-1252", "quoted-printable", "=80 5 =96 6", "€ 5 – 6")]
    [InlineData("text/plain; charset=iso-2022-jp", "7bit", "\u001b$B;3ED\u001b(B", "山田")]
    [InlineData("text/plain; charset=utf-7", "7bit", "Gr+APwA3w-e", "Grüße")]
    [InlineData("text/plain; charset=no-such-thing", "8bit", "plain", "plain")]
    [InlineData("text/plain", "8bit", "Grüße", "Grüße")]
    [InlineData("text/plain; format=flowed", "7bit", "one \ntwo\n> a \n> b\nthree", "one two\n> a b\n\nthree")]
    [InlineData("text/html", "7bit", "<style>x</style><p>One<br>two &amp; <b>three</b></p><blockquote>said</blockquote><ul><li>a</li></ul><a href='https://x.example/'>link</a>", "One\ntwo & three\n\n> said\n\n- a\n\nlink <https://x.example/>")]
    public void Texts_are_decoded(string type, string encoding, string body, string expected)
    {
        var (items, report) = Read(Mail("a", "=?koi8-r?B?8NLJ18XU?=", body, $"Content-Type: {type}\nContent-Transfer-Encoding: {encoding}"));
        Assert.Equal(0, report.Bad);
        Assert.Equal(expected, Body(Of("post", items).Single()));
        Assert.Equal("Привет", Of("topic", items).Single().GetProperty("title").GetString());
    }

    [Fact]
    public void Of_alternatives_the_plain_one_counts_and_what_cannot_be_kept_is_named()
    {
        var (items, report) = Read(Mail("a", "Parts", """
            --b
            Content-Type: multipart/alternative; boundary=c

            --c
            Content-Type: text/html

            <p>rich</p>
            --c
            Content-Type: text/plain

            plain
            --c--
            --b
            Content-Type: image/png; name="a_[b].png"
            Content-Transfer-Encoding: base64

            iVBORw0KGgo=
            --b
            Content-Type: message/rfc822

            Subject: inner

            forwarded
            --b
            Content-Type: text/plain

            footer
            --b--
            """.ReplaceLineEndings("\n"), "Content-Type: multipart/mixed; boundary=b"));
        var body = Body(Of("post", items).Single());
        Assert.StartsWith("plain\n\nfooter\n\n[attachment: a\\_\\[b\\].png, 8 bytes]\n\n[attachment: inner.eml, ", body, StringComparison.Ordinal);
        Assert.DoesNotContain("rich", body, StringComparison.Ordinal);
        Assert.Equal((0, 2), (report.Kept, report.Named));
        Assert.Empty(Of("file", items));
    }

    [Fact]
    public void Attachments_are_files_of_the_post_pictures_without_what_was_hidden_in_them()
    {
        var picture = FileTests.Png(1500, 900, ("tEXt", [.. "Comment\0Spy cam 3000"u8]));
        var mail = Mail("a", "Parts", $"""
            --b
            Content-Type: text/plain

            {new string('x', 40_000)}
            --b
            Content-Type: image/x-whatever; name="a [boat].PNG"
            Content-Transfer-Encoding: base64

            {Convert.ToBase64String(picture, Base64FormattingOptions.InsertLineBreaks)}
            --b
            Content-Type: text/x-patch; charset=iso-8859-1; name="=?utf-8?Q?Gr=C3=BC=C3=9Fe=2Epatch?="
            Content-Disposition: attachment
            Content-Transfer-Encoding: quoted-printable

            +Gr=FC=DFe
            --b
            Content-Type: application/pgp-signature; name="signature.asc"

            -----BEGIN PGP SIGNATURE-----
            --b
            Content-Type: application/octet-stream; name="x.exe"
            Content-Transfer-Encoding: base64

            TVqQAAMAAAA=
            --b--
            """.ReplaceLineEndings("\n"), "Content-Type: multipart/mixed; boundary=b");
        var (items, report) = Read(mail);
        Assert.Equal((2, 2), (report.Kept, report.Named));
        var files = Of("file", items).ToList();
        Assert.Equal(["a-boat.png", "Grüße.patch"], files.Select(f => f.GetProperty("name").GetString()));
        var parts = Of("file-part", items).ToLookup(p => p.GetProperty("content").GetGuid(), p => p.GetProperty("bytes").GetBytesFromBase64());
        foreach (var (content, size) in new[] { (Guid(files[0], "content"), "size"), (Guid(files[0], "shown"), "shownSize") })
        {
            var bytes = parts[content].SelectMany(p => p).ToArray();
            Assert.Equal(files[0].GetProperty(size).GetInt32(), bytes.Length);
            Assert.Equal(FileKind.Png, FileKind.Of(bytes));
            Assert.DoesNotContain("Spy cam", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
        }
        Assert.Equal("+Grüße", Encoding.UTF8.GetString(Assert.Single(parts[Guid(files[1], "content")])));
        Assert.All(files, f => Assert.Equal(new DateTimeOffset(2004, 1, 5, 10, 0, 0, TimeSpan.Zero), Uuid7.TimeOf(Guid(f, "id"))));
        // The mail is longer than a post: its files are named all the same, and pages find them.
        var body = Body(Of("post", items).Single());
        Assert.EndsWith("[attachment: signature.asc, 29 bytes]\n\n[attachment: x.exe, 8 bytes]", body, StringComparison.Ordinal);
        Assert.Null(PostRules.Body(body).Fault);
        Assert.Contains($"<img src=\"/f/{Guid(files[0], "id")}/a-boat-1280x768.png\"", MarkdownText.ToHtml(body), StringComparison.Ordinal);
        Assert.Equal(files.Select(f => Guid(f, "id")), FileAddress.In(body, 9));
        // Whoever reads it, and however often.
        Assert.Equal(items, Read(mail).Items);

        static Guid Guid(JsonElement item, string property) => item.GetProperty(property).GetGuid();
    }

    [Fact]
    public void Quotes_are_quotes_signatures_stay_and_nothing_becomes_a_heading()
    {
        var (items, _) = Read(Mail("a", "Quotes", "Ann wrote:\n> > deep\n> less deep\nanswer\n# no heading\n-- \nPat\n>From the start\n"));
        var body = Body(Of("post", items).Single());
        Assert.Equal("Ann wrote:\n>> deep\n>\n> less deep\n\nanswer\n\\# no heading\n\\--\nPat\nFrom the start", body);
        var html = MarkdownText.ToHtml(body);
        Assert.DoesNotContain("<h", html, StringComparison.Ordinal);
        Assert.Equal(2, html.Split("<blockquote>").Length - 1);
        Assert.Contains("</blockquote>\n<p>answer", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Fix\n\ndiff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@ void f()\n *a*\n-# b\n+ c\n\n-- \n2.30",
        "Fix\n\n```diff\ndiff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@ void f()\n *a*\n-# b\n+ c\n\n```\n\\--\n2.30")] // an empty line of it counts, and the signature is none of it
    [InlineData("--- x\n+++ y\n@@ -1 +1 @@\n-a ``` b\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n@@ -9,0 +9 @@\n+c\nand text", "````diff\n--- x\n+++ y\n@@ -1 +1 @@\n-a ``` b\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n@@ -9,0 +9 @@\n+c\n````\nand text")]
    [InlineData("> @@ -1,2 +1,2 @@\n>  one\n> -two\n\nWhy?\n\n> +2\n", "> ```diff\n> @@ -1,2 +1,2 @@\n>  one\n> -two\n> ```\n\nWhy?\n\n> +2")] // the quote ends before the patch does
    [InlineData("Index: x.c\n=====\n--- x.c (1)\n+++ x.c (2)\n@@ -1 +1 @@\n-*a*\n+b", "```diff\nIndex: x.c\n=====\n--- x.c (1)\n+++ x.c (2)\n@@ -1 +1 @@\n-*a*\n+b\n```")]
    [InlineData("Index: what is in it\nis said below", "Index: what is in it\nis said below")]
    [InlineData("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\nSee?", "```diff\ndiff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n```\nSee?")]
    [InlineData("@@ -1,9 +1,9 @@\n a long line that was\nbroken", "```diff\n@@ -1,9 +1,9 @@\n a long line that was\n```\nbroken")]
    [InlineData("--- a rule\n+++ of mine\n@@ and no patch", "--- a rule\n+++ of mine\n@@ and no patch")]
    [InlineData("@@ -1,99999999999 +1,99999999999 @@\n-a", "```diff\n@@ -1,99999999999 +1,99999999999 @@\n```\n-a")]
    public void Patches_are_code(string body, string expected)
    {
        var (items, _) = Read(Mail("a", "Patch", body));
        Assert.Equal(expected, Body(Of("post", items).Single()));
    }

    [Fact]
    public void Dates_that_cannot_be_are_said_and_do_not_depend_on_when_they_are_read()
    {
        string[] mails =
        [
            Mail("a", "Future", "future", date: "Mon, 1 Jan 2038 00:00:00 +0000"), Mail("b", "Old", "old", date: "Mon, 1 Jan 1951 00:00:00 +0000"), Mail("c", "None", "none", date: null),
            Mail("d", "Zone", "zone", date: "Mon, 5 Jan 2004 10:00:00 +0200"),
        ];
        var (items, report) = Read(mails);
        Assert.Equal(3, report.Noted);
        var posts = Of("post", items).ToDictionary(Body, p => Uuid7.TimeOf(p.GetProperty("id").GetGuid()));
        Assert.All(["future", "old", "none"], b => Assert.Equal(new(2004, 1, 5, 9, 0, 0, TimeSpan.Zero), posts[b]));
        Assert.Equal(new(2004, 1, 5, 8, 0, 0, TimeSpan.Zero), posts["zone"]);
        Assert.Equal(items, Read(DateTimeOffset.UtcNow.AddYears(20), mails).Items);
    }

    [Fact]
    public void What_is_no_mail_is_listed_with_its_place_and_the_rest_is_read()
    {
        var good = Mail("a", "Good", "text");
        var (items, report) = Read("junk before\n\n", good, "From x Mon Jan  5 10:00:00 2004\nno header here\n\nbody\n\n", Mail("b", "Good too", "From here on, no mark: it is text.\n"));
        Assert.Equal(2, Of("post", items).Count());
        Assert.Equal([Encoding.UTF8.GetByteCount("junk before\n\n" + good), 0L], report.BadOnes.Select(b => b.Offset));
        Assert.Contains(Of("post", items), p => Body(p).StartsWith("From here on", StringComparison.Ordinal));
    }

    [Fact]
    public void Addresses_are_not_shown_and_names_cannot_be_taken_for_members()
    {
        var (items, _) = Read(
            Mail("a", "x", "1", from: "Ann <ann@secret.example>"), Mail("b", "x", "2", from: "\"ann@secret.example\" <ANN@secret.example>"), Mail("c", "x", "3", from: "bob at secret.example (Bob B)"),
            Mail("d", "x", "4", from: "=?utf-8?Q?admin=E2=80=AEistrator=00?= <root@secret.example>"), Mail("e", "x", "5", from: new string('n', 500) + " <long@secret.example>"), Mail("f", "x", "6", from: "<<>>"));
        Assert.All(items, i => Assert.DoesNotContain("secret.example", i, StringComparison.Ordinal));
        var names = Of("account", items).Select(a => a.GetProperty("name").GetString()!).ToList();
        Assert.Equal(5, names.Count); // Ann is one
        Assert.Equal(["Ann (mail)", "Bob B (mail)", "administrator (mail)"], names[..3]);
        Assert.All(names, n => Assert.InRange(n.Length, 8, 40));
        Assert.All(names, n => Assert.NotNull(Accounts.AccountName.Fault(n)));
    }

    [Fact]
    public void Hostile_texts_are_text()
    {
        const string script = "<script>alert(1)</script><img src=x onerror=alert(2)>[x](javascript:alert(3))";
        var (items, _) = Read(Mail("a", script, script + "\0\u0007"), Mail("b", "html", "<p onclick=x>hi</p><script>evil()</script><a href=\"javascript:alert(1)\">l</a>", "Content-Type: text/html"),
            Mail("c", "long", string.Concat(Enumerable.Repeat("ü long line ", 9000))));
        foreach (var post in Of("post", items))
        {
            Assert.Null(PostRules.Body(Body(post)).Fault);
            var html = MarkdownText.ToHtml(Body(post));
            Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("href=\"javascript", html, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Contains(Of("post", items), p => Body(p) == "hi\n\nl");
        Assert.Contains(Of("post", items), p => Body(p).EndsWith("is not here.]", StringComparison.Ordinal));
        Assert.All(Of("topic", items), t => Assert.Null(PostRules.Title(t.GetProperty("title").GetString())));
    }

    /// <summary>Whatever stands in a file, it is read to its end.</summary>
    [Fact]
    public void Spoiled_mailboxes_are_read_to_the_end()
    {
        MboxMaker.Write(_file, 60, 3);
        var whole = File.ReadAllBytes(_file);
        for (var seed = 0; seed < 40; seed++)
        {
            var dice = new Random(seed);
            var bytes = whole.ToArray();
            for (var i = 0; i < 400; i++) bytes[dice.Next(bytes.Length)] = (byte)dice.Next(256);
            File.WriteAllBytes(_file, bytes);
            var (items, report) = ReadFile(DateTimeOffset.UtcNow);
            Assert.True(Of("post", items).Count() > 20, $"seed {seed}");
            Assert.All(Of("post", items), p => Assert.Null(PostRules.Body(Body(p)).Fault));
            Assert.InRange(report.Read, 30, 70);
        }
    }

    private (List<string> Items, ImportReport Report) Read(params string[] mails) => Read(DateTimeOffset.UtcNow, mails);

    private (List<string> Items, ImportReport Report) Read(DateTimeOffset now, params string[] mails)
    {
        File.WriteAllText(_file, string.Concat(mails));
        return ReadFile(now);
    }

    private (List<string> Items, ImportReport Report) ReadFile(DateTimeOffset now)
    {
        var report = new ImportReport();
        return ([.. new MboxSource(_file, Channel, now).Read(report, default).Select(i => Encoding.UTF8.GetString(i.Line.Span))], report);
    }

    private static string Mail(string id, string subject, string body, string? headers = null, string? date = "Mon, 5 Jan 2004 10:00:00 +0000", string from = "Ann <ann@example.org>") =>
        $"From ann@example.org Mon Jan  5 09:00:00 2004\nFrom: {from}\n{(date is null ? "" : $"Date: {date}\n")}Message-ID: <{id}>\nSubject: {subject}\n{(headers is null ? "" : headers + "\n")}\n{body}\n\n";

    private static IEnumerable<JsonElement> Of(string type, IEnumerable<string> items) =>
        items.Select(i => JsonDocument.Parse(i).RootElement).Where(i => i.GetProperty("type").GetString() == type);

    private static string Body(JsonElement post) => post.GetProperty("body").GetString()!;
}
