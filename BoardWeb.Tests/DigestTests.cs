using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Html.Parser;
using Connect.BoardWeb.Mail;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Sending;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MimeKit;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Mail addresses, digests and codes by mail: two boards and a real mail server.</summary>
public sealed partial class DigestTests
{
    private const string Script = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>", Board = "https://board.example";

    private static readonly string[] Narrow = ["read", "write"];

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task One_node_sends_one_digest_of_what_is_unread_to_a_confirmed_address(string engine)
    {
        await using var sink = SmtpSink.Start();
        await using var stage = await SendingStage.StartAsync(engine, With(sink));
        using var ann = new PlainBrowser(stage.B.Url);
        var name = $"Ann {PageTests.Unique()}";
        await ann.SignUpAsync(name);
        await ann.GoAsync("/account/mail");
        await ann.SendAsync("#choose", ("Digest", "daily"));
        await ann.SendAsync("#address", ("Address", "ann@reader.example"), ("Password", "not her password"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, ann.Status);
        Assert.Contains("not confirmed yet", (await ann.SendAsync("#address", ("Address", "ann@reader.example"), ("Password", PlainBrowser.Password))).QuerySelector("main")!.TextContent, StringComparison.Ordinal);
        var asked = await sink.WaitAsync("ann@reader.example", "your address");

        // Something to read, of which much is meant to do harm.
        var (harmful, _) = await stage.TopicAsync(Script);
        var (broken, _) = await stage.TopicAsync("Broken", $"Hello @\"{name}\"");
        await stage.SqlAsync(c => c.Execute("UPDATE topic SET title = @title WHERE id = @id", new { title = "Hello\r\nBcc: victim@evil.example\r\n\r\n<b>", id = Uuid7.ToBytes(broken) }));
        using (var admin = stage.Admin())
        {
            await FollowAsync(ann, stage, harmful);
            (await admin.PostAsJsonAsync($"/api/v1/topics/{harmful}/posts", new { body = "news" })).EnsureSuccessStatusCode();
        }
        // A second person, whose digest shows that a round has gone by.
        using var bob = await stage.MemberAsync($"Bob {PageTests.Unique()}");
        (await bob.PutAsJsonAsync($"/api/v1/topics/{harmful}/attention", new { level = "follow" })).EnsureSuccessStatusCode();
        using (var admin = stage.Admin()) (await admin.PostAsJsonAsync($"/api/v1/topics/{harmful}/posts", new { body = "more news" })).EnsureSuccessStatusCode();
        await SubscribeAsync(bob, sink, "bob@reader.example");
        await sink.WaitAsync("bob@reader.example", "new post");
        Assert.Single(sink.To("ann@reader.example")); // she has not confirmed anything

        // Opening the link confirms nothing: programs open links too.
        var link = Path(asked.TextBody);
        Assert.Contains("ann@reader.example", (await ann.GoAsync(link)).QuerySelector("main")!.TextContent, StringComparison.Ordinal);
        Assert.Equal((false, "daily"), await ChoiceAsync(stage, name));
        ann.MoveTo(stage.A.Url);
        await ann.GoAsync(link);
        await ann.SendAsync("main form");
        Assert.Equal((true, "daily"), await ChoiceAsync(stage, name));

        var digest = await sink.WaitAsync("ann@reader.example", "other");
        Assert.Equal(["ann@reader.example"], digest.To.Mailboxes.Select(m => m.Address));
        Assert.Equal("board@connect.example", digest.From.Mailboxes.Single().Address);
        Assert.Empty(digest.Cc.Concat(digest.Bcc));
        Assert.DoesNotContain(digest.Headers, h => h.Value.Contains('\n', StringComparison.Ordinal) || (h.Field is "Bcc" or "Cc"));
        Assert.Equal(("List-Unsubscribe=One-Click", "auto-generated"), (digest.Headers["List-Unsubscribe-Post"], digest.Headers["Auto-Submitted"]));
        Assert.StartsWith($"<{Board}/mail/unsubscribe?token=", digest.Headers["List-Unsubscribe"], StringComparison.Ordinal);
        var html = new HtmlParser().ParseDocument(digest.HtmlBody!);
        Assert.Empty(html.QuerySelectorAll("script, img, b, [onerror], style"));
        Assert.Equal(2, html.QuerySelectorAll("li").Length);
        Assert.All(html.QuerySelectorAll("a"), a => Assert.StartsWith(Board, a.GetAttribute("href"), StringComparison.Ordinal));
        Assert.Contains(html.QuerySelectorAll("li a"), a => a.TextContent == Script);
        Assert.Contains("mentioned you", digest.TextBody, StringComparison.Ordinal);
        Assert.Contains($"{Board}/t/{broken}?at=", digest.TextBody, StringComparison.Ordinal);
        Assert.Contains("* Hello  Bcc: victim@evil.example    <b>\n", digest.TextBody!.ReplaceLineEndings("\n"), StringComparison.Ordinal);

        // Nothing more in this period, from neither node.
        using (var admin = stage.Admin()) (await admin.PostAsJsonAsync($"/api/v1/topics/{harmful}/posts", new { body = "late news" })).EnsureSuccessStatusCode();
        using var eve = await stage.MemberAsync($"Eve {PageTests.Unique()}", stage.B);
        (await eve.PutAsJsonAsync($"/api/v1/topics/{harmful}/attention", new { level = "follow" })).EnsureSuccessStatusCode();
        using (var admin = stage.Admin()) (await admin.PostAsJsonAsync($"/api/v1/topics/{harmful}/posts", new { body = "latest news" })).EnsureSuccessStatusCode();
        await SubscribeAsync(eve, sink, "eve@reader.example");
        await sink.WaitAsync("eve@reader.example", "new post");
        Assert.Equal(2, sink.To("ann@reader.example").Count);
        Assert.DoesNotContain(sink.Mails, m => m.To.Any(t => t.Contains("evil", StringComparison.Ordinal)));
        Assert.Equal(["begun", "sent"], await stage.SqlAsync(c => c.Query<string>("SELECT d.outcome FROM digest_sent d JOIN account a ON a.id = d.account_id WHERE a.name = @name ORDER BY d.id", new { name }).ToList()));

        await OneClickAsync(stage, digest, name);
    }

    /// <summary>What a mail program sends: no cookie, no token of a form, to any node.</summary>
    private static async Task OneClickAsync(SendingStage stage, MimeMessage digest, string name)
    {
        using var program = stage.B.Client();
        var address = Path(digest.Headers["List-Unsubscribe"]!.Trim('<', '>'));
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync(address)).StatusCode);
        Assert.Equal((true, "daily"), await ChoiceAsync(stage, name));
        foreach (var wrong in new[] { "/mail/unsubscribe", "/mail/unsubscribe?token=x", address[..^9] + "AAAAAAAAA", address.Replace("CfDJ", "CfDK", StringComparison.Ordinal) })
            Assert.Equal(HttpStatusCode.BadRequest, (await program.PostAsync(wrong, OneClick())).StatusCode);
        Assert.Equal((true, "daily"), await ChoiceAsync(stage, name));
        Assert.Equal(HttpStatusCode.OK, (await program.PostAsync(address, OneClick())).StatusCode);
        Assert.Equal((true, "never"), await ChoiceAsync(stage, name));

        static FormUrlEncodedContent OneClick() => new([KeyValuePair.Create("List-Unsubscribe", "One-Click")]);
    }

    [Fact]
    public async Task A_mail_server_that_is_away_is_tried_again_and_the_log_holds_no_secret()
    {
        var sink = SmtpSink.Start();
        await using var stage = await SendingStage.StartAsync("MariaDB", With(sink));
        var log = new ListedLog();
        foreach (var node in new[] { stage.A, stage.B }) node.Service<ILoggerFactory>().AddProvider(log);
        var name = $"Ann {PageTests.Unique()}";
        using var ann = await stage.MemberAsync(name);
        await ConfirmAsync(ann, sink, "ann@reader.example");
        var token = Path(sink.To("ann@reader.example")[0].TextBody).Split("token=")[1];
        await sink.DisposeAsync();
        await stage.TopicAsync("Called", $"@\"{name}\"");
        await DailyAsync(ann);
        await Wait.UntilAsync(async () => (await OutcomesAsync(stage)).Count >= 2, TimeSpan.FromSeconds(30), "an attempt failed");
        Assert.Equal(["begun", "failed"], (await OutcomesAsync(stage)).Take(2));
        await using var back = SmtpSink.Start(sink.Port);
        await back.WaitAsync("ann@reader.example", "mentioned you");
        await Wait.UntilAsync(async () => (await OutcomesAsync(stage))[^1] == "sent", TimeSpan.FromSeconds(10), "it is noted");
        Assert.Single(back.Mails);
        Assert.Contains(log.Lines, l => l.Contains("NotSent", StringComparison.Ordinal));
        Assert.All(log.Lines, l => Assert.DoesNotMatch($"reader\\.example|{Regex.Escape(SmtpSink.Password)}|{Regex.Escape(token)}", l));
        using var http = stage.A.Client();
        Assert.Matches("connect_board_mails_sent_total [2-9]", await http.GetStringAsync("/metrics"));
    }

    [Fact]
    public async Task What_is_refused_or_in_doubt_is_not_sent_again()
    {
        await using var sink = SmtpSink.Start();
        await using var stage = await SendingStage.StartAsync("MariaDB", With(sink));
        var (ann, bob) = ($"Ann {PageTests.Unique()}", $"Bob {PageTests.Unique()}");
        using var annsClient = await stage.MemberAsync(ann);
        using var bobsClient = await stage.MemberAsync(bob);
        await ConfirmAsync(annsClient, sink, "ann@reader.example");
        sink.Unknown.Add("ann@reader.example");
        await stage.TopicAsync("Called", $"@\"{ann}\"");
        await DailyAsync(annsClient);
        await Wait.UntilAsync(async () => (await OutcomesAsync(stage)).Count >= 2, TimeSpan.FromSeconds(30), "it was refused");
        await ConfirmAsync(bobsClient, sink, "bob@reader.example");
        sink.BreaksOff = true;
        await stage.TopicAsync("Called", $"@\"{bob}\"");
        await DailyAsync(bobsClient);
        await sink.WaitAsync("bob@reader.example", "mentioned you");
        sink.BreaksOff = false;
        var before = sink.Attempts;
        using var eve = await stage.MemberAsync($"Eve {PageTests.Unique()}");
        var eves = (await eve.GetFromJsonAsync<JsonElement>("/api/v1/mail")).GetProperty("digest").GetString();
        Assert.Equal("never", eves);
        var name = await stage.SqlAsync(c => c.QueryFirst<string>("SELECT name FROM account WHERE name LIKE 'Eve %'"));
        await stage.TopicAsync("Called", $"@\"{name}\"");
        await SubscribeAsync(eve, sink, "eve@reader.example");
        await sink.WaitAsync("eve@reader.example", "mentioned you");
        await Wait.UntilAsync(async () => (await OutcomesAsync(stage)).Contains("sent"), TimeSpan.FromSeconds(10), "it is noted");
        Assert.Equal(before + 2, sink.Attempts); // what eve was sent, and nobody else
        Assert.Equal(["begun", "refused", "begun", "begun", "sent"], (await OutcomesAsync(stage)).Take(5));
    }

    [Fact]
    public async Task Another_node_sends_when_the_first_is_gone_and_only_then()
    {
        await using var sink = SmtpSink.Start();
        await using var stage = await SendingStage.StartAsync("MariaDB", With(sink));
        using var ann = await stage.MemberAsync($"Ann {PageTests.Unique()}", stage.B);
        await Wait.UntilAsync(() => Task.FromResult(stage.A.Service<SenderTurn>().IsOurs), TimeSpan.FromSeconds(10), "it is the first one's turn");
        Assert.False(stage.B.Service<SenderTurn>().IsOurs);
        stage.A.Daemon.Writable = false;
        await Wait.UntilAsync(() => Task.FromResult(!stage.A.Service<SenderTurn>().IsOurs), TimeSpan.FromSeconds(10), "the first one is out");
        Assert.False(stage.B.Service<SenderTurn>().IsOurs);
        stage.B.Daemon.Members = [("n1", "suspect"), ("n2", "alive")];
        await ConfirmAsync(ann, sink, "ann@reader.example");
        Assert.False(stage.B.Service<SenderTurn>().IsOurs);
        stage.B.Daemon.Members = [("n1", "unreachable"), ("n2", "alive")];
        await Wait.UntilAsync(() => Task.FromResult(stage.B.Service<SenderTurn>().IsOurs), TimeSpan.FromSeconds(10), "it is the other's turn");
        using var admin = stage.Admin(stage.B);
        var name = await stage.SqlAsync(c => c.QueryFirst<string>("SELECT name FROM account WHERE name LIKE 'Ann %'"));
        (await admin.PostAsJsonAsync("/api/v1/channels/general/topics", new { title = "Called", body = $"@\"{name}\"" })).EnsureSuccessStatusCode();
        await DailyAsync(ann);
        await sink.WaitAsync("ann@reader.example", "mentioned you");
        // The first one is back, and both think that it is their turn: what the other has sent is sent.
        stage.A.Daemon.Writable = true;
        await Wait.UntilAsync(() => Task.FromResult(stage.A.Service<SenderTurn>().IsOurs), TimeSpan.FromSeconds(10), "the first one is back");
        var bobsName = $"Bob {PageTests.Unique()}";
        using var bob = await stage.MemberAsync(bobsName);
        await stage.TopicAsync("Called", $"@\"{bobsName}\"");
        await SubscribeAsync(bob, sink, "bob@reader.example");
        await sink.WaitAsync("bob@reader.example", "mentioned you");
        Assert.Single(sink.To("ann@reader.example"), m => m.Subject!.Contains("mentioned", StringComparison.Ordinal));
    }

    [Fact]
    public void Whose_turn_it_is_needs_a_settled_view_and_a_daemon_that_speaks()
    {
        var time = new HandClock();
        var turn = new SenderTurn(new() { Name = "n1", SenderSettleSeconds = 60 }, time);
        Assert.False(turn.IsOurs);
        Hear("n1", "n2");
        Assert.False(turn.IsOurs);
        for (var i = 0; i < 61; i++) Hear("n1", "n2");
        Assert.True(turn.IsOurs);
        time.Pass(6); // the daemon is silent
        Assert.False(turn.IsOurs);
        Hear("n1", "n2");
        Assert.False(turn.IsOurs); // and nobody knows what happened meanwhile
        for (var i = 0; i < 61; i++) Hear("n1", "n2");
        Assert.True(turn.IsOurs);
        Hear("n0", "n1");
        Assert.False(turn.IsOurs);
        turn.Learn(new("n1", "alive", true, null, null));
        Assert.False(turn.IsOurs);

        void Hear(params string[] names)
        {
            turn.Learn(new("n1", "alive", true, null, [.. names.Select(n => new Ring.MemberReport(n, "alive", 1))]));
            time.Pass(1);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ann")]
    [InlineData("ann@reader")]
    [InlineData("a@b.example\r\nBcc: victim@evil.example")]
    [InlineData("a@b.example, victim@evil.example")]
    [InlineData("a@b.example;victim@evil.example")]
    [InlineData("Ann <a@b.example>")]
    [InlineData("\"a b\"@b.example")]
    [InlineData("a@[127.0.0.1]")]
    [InlineData("a@127.0.0.1")]
    [InlineData("a@b..example")]
    [InlineData(".a@b.example")]
    [InlineData("ä@b.example")]
    [InlineData("<script>@b.example")]
    [InlineData("a@b.example ")]
    public void What_is_no_plain_address_is_none(string? address) => Assert.NotNull(MailRules.Fault(address));

    [Theory]
    [InlineData("a@b.example")]
    [InlineData("first.last+tag@mail.reader.example")]
    public void A_plain_address_is_one(string address) => Assert.Null(MailRules.Fault(address));

    [Fact]
    public async Task An_address_is_taken_only_so_often_by_its_owner_and_a_link_is_good_for_its_own_address()
    {
        await using var sink = SmtpSink.Start();
        await using var stage = await SendingStage.StartAsync("MariaDB", With(sink));
        using var ann = await stage.MemberAsync($"Ann {PageTests.Unique()}");
        using var bob = await stage.MemberAsync($"Bob {PageTests.Unique()}");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PutAsJsonAsync("/api/v1/mail/address", new { address = "a@b.example\r\nBcc: victim@evil.example" })).StatusCode);
        (await ann.PutAsJsonAsync("/api/v1/mail/address", new { address = "one@reader.example" })).EnsureSuccessStatusCode();
        var first = Token(await sink.WaitAsync("one@reader.example"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await bob.PostAsJsonAsync("/api/v1/mail/confirm", new { token = first })).StatusCode); // somebody else's
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PostAsJsonAsync("/api/v1/mail/confirm", new { token = first[..^5] + "AAAAA" })).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await ann.PostAsJsonAsync("/api/v1/mail/confirm", new { token = stage.A.Service<MailTokens>().ForUnsubscribing(Guid.NewGuid()) })).StatusCode); // of another kind
        (await ann.PutAsJsonAsync("/api/v1/mail/address", new { address = "two@reader.example" })).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Conflict, (await ann.PostAsJsonAsync("/api/v1/mail/confirm", new { token = first })).StatusCode); // another one is wanted now
        var second = Token(await sink.WaitAsync("two@reader.example"));
        (await ann.PostAsJsonAsync("/api/v1/mail/confirm", new { token = second })).EnsureSuccessStatusCode();
        (await ann.DeleteAsync("/api/v1/mail/address")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Conflict, (await ann.PostAsJsonAsync("/api/v1/mail/confirm", new { token = second })).StatusCode); // it was removed
        (await ann.PutAsJsonAsync("/api/v1/mail/address", new { address = "three@reader.example" })).EnsureSuccessStatusCode();
        var fourth = await ann.PutAsJsonAsync("/api/v1/mail/address", new { address = "four@reader.example" });
        await ApiContractTests.AssertProblemAsync(fourth, 409);
        // Others may ask for it too, and not more often than that in all.
        (await bob.PutAsJsonAsync("/api/v1/mail/address", new { address = "one@reader.example" })).EnsureSuccessStatusCode();
        (await bob.PutAsJsonAsync("/api/v1/mail/address", new { address = "one@reader.example" })).EnsureSuccessStatusCode();
        using var eve = await stage.MemberAsync($"Eve {PageTests.Unique()}", stage.B);
        await ApiContractTests.AssertProblemAsync(await eve.PutAsJsonAsync("/api/v1/mail/address", new { address = "one@reader.example" }), 409);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await eve.PutAsJsonAsync("/api/v1/mail/digest", new { frequency = "hourly" })).StatusCode);
        // A token that may only write cannot lead the way to another password.
        var me = await (await ann.PostAsJsonAsync("/api/v1/tokens", new { label = "narrow", scopes = Narrow })).Content.ReadFromJsonAsync<JsonElement>();
        using var narrow = stage.A.Client(me.GetProperty("token").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await narrow.PutAsJsonAsync("/api/v1/mail/address", new { address = "thief@evil.example" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await narrow.PostAsJsonAsync("/api/v1/mail/confirm", new { token = second })).StatusCode);
    }

    [Fact]
    public async Task A_code_for_another_password_is_sent_to_a_confirmed_address_and_nobody_learns_who_has_one()
    {
        await using var sink = SmtpSink.Start();
        await using var stage = await SendingStage.StartAsync("MariaDB", With(sink));
        var name = $"Ann {PageTests.Unique()}";
        using var ann = new PlainBrowser(stage.A.Url);
        await ann.SignUpAsync(name);
        await ann.GoAsync("/account/mail");
        await ann.SendAsync("#address", ("Address", "ann@reader.example"), ("Password", PlainBrowser.Password));
        using var guest = new PlainBrowser(stage.B.Url);
        await guest.GoAsync("/reset");
        var unconfirmed = (await guest.SendAsync("#ask", ("Name", name))).QuerySelector("main .notice")!.TextContent;
        var unknown = (await guest.SendAsync("#ask", ("Name", "Nobody at all"))).QuerySelector("main .notice")!.TextContent;
        Assert.Equal(unconfirmed, unknown);
        await ann.GoAsync(Path((await sink.WaitAsync("ann@reader.example")).TextBody));
        await ann.SendAsync("main form");
        for (var i = 0; i < 5; i++) Assert.Equal(unknown, (await guest.SendAsync("#ask", ("Name", name))).QuerySelector("main .notice")!.TextContent);
        var code = CodePattern().Match((await sink.WaitAsync("ann@reader.example", "another password")).TextBody!).Value;
        var page = await guest.SendAsync("main form", ("Code", code), ("Password", "another long password"));
        Assert.Equal("/signin", guest.Path.Split('?')[0]);
        Assert.Null(page.QuerySelector(".fault:not(:empty)"));
        Assert.NotNull((await guest.SendAsync("main form", ("Name", name), ("Password", "another long password"))).QuerySelector(".me"));
        await Wait.UntilAsync(async () => await stage.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM decision WHERE property = 'reset'")) == MailRules.MaxResets, TimeSpan.FromSeconds(10), "all that were allowed");
        Assert.InRange(sink.To("ann@reader.example").Count, 2, 1 + MailRules.MaxResets);
    }

    [Fact]
    public async Task Without_a_mail_server_nothing_is_promised()
    {
        await using var stage = await SendingStage.StartAsync("MariaDB");
        using var ann = new PlainBrowser(stage.A.Url);
        await ann.SignUpAsync($"Ann {PageTests.Unique()}");
        var page = await ann.GoAsync("/account/mail");
        Assert.Null(page.QuerySelector("#address"));
        Assert.Contains("sends no mail", page.QuerySelector("main")!.TextContent, StringComparison.Ordinal);
        Assert.Null((await ann.GoAsync("/reset")).QuerySelector("#ask"));
        using var bob = await stage.MemberAsync($"Bob {PageTests.Unique()}");
        await ApiContractTests.AssertProblemAsync(await bob.PutAsJsonAsync("/api/v1/mail/address", new { address = "bob@reader.example" }), 409);
    }

    [Fact]
    public async Task A_connection_that_is_not_sealed_as_it_should_be_carries_nothing()
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var usable = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
        await using var unsealed = SmtpSink.Start();
        await using var untrusted = SmtpSink.Start(certificate: usable);
        foreach (var sink in new[] { unsealed, untrusted })
        {
            var settings = new NodeSettings { Mail = { Host = "127.0.0.1", Port = sink.Port, Tls = MailTls.StartTls, From = "board@connect.example", Account = SmtpSink.Account, Password = SmtpSink.Password } };
            using var message = new MimeMessage { Subject = "secret", Body = new TextPart("plain") { Text = "secret" } };
            message.From.Add(new MailboxAddress("", "board@connect.example"));
            message.To.Add(new MailboxAddress("", "ann@reader.example"));
            Assert.Equal(MailOutcome.NotSent, await new MailSender(settings, new BoardMetrics(), NullLogger<MailSender>.Instance).SendAsync(message, default));
            Assert.Empty(sink.Mails);
        }
    }

    [Theory]
    [InlineData("2026-11-23T06:00:00Z", "daily", 20780)] // a Monday
    [InlineData("2026-11-23T11:59:59Z", "daily", 20780)]
    [InlineData("2026-11-23T12:00:00Z", "daily", null)]
    [InlineData("2026-11-23T05:59:59Z", "daily", null)]
    [InlineData("2026-11-23T06:00:00Z", "weekly", 20780)]
    [InlineData("2026-11-24T06:00:00Z", "weekly", null)]
    [InlineData("2026-11-24T06:00:00Z", "daily", 20781)]
    [InlineData("2026-11-23T06:00:00Z", "never", null)]
    public void A_digest_is_due_for_six_hours(string now, string frequency, int? period) => Assert.Equal(period, DigestPeriod.At(DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture), 6, frequency));

    [Theory]
    [InlineData("", 0, true)]
    [InlineData("begun", 9999, false)]
    [InlineData("begun sent", 9999, false)]
    [InlineData("begun refused", 9999, false)]
    [InlineData("begun failed", 59, false)]
    [InlineData("begun failed", 60, true)]
    [InlineData("begun failed begun failed", 239, false)]
    [InlineData("begun failed begun failed", 240, true)]
    [InlineData("begun begun failed", 9999, false)] // of two sides of a partition, of which one may have sent it
    [InlineData("begun failed begun failed begun failed begun failed begun failed", 99999, false)]
    public void A_digest_is_begun_again_only_when_it_surely_was_not_sent(string outcomes, int secondsAgo, bool due)
    {
        var now = DateTimeOffset.UtcNow;
        Assert.Equal(due, DigestPeriod.IsDue([.. outcomes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(o => (o, now.AddSeconds(-secondsAgo)))], now, TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("""{ "mail": { "host": "mail.example", "from": "b@c.example", "tls": "none" } }""", "mail:tls none")]
    [InlineData("""{ "mail": { "host": "mail.example", "from": "b@c.example", "account": "x" } }""", "mail:account has no password")]
    [InlineData("""{ "mail": { "host": "mail.example", "from": "b@c.example", "account": "x", "password": "y" } }""", "mail:password is in the file")]
    [InlineData("""{ "mail": { "host": "mail.example", "from": "x" } }""", "mail:from")]
    [InlineData("""{ "mail": { "host": "mail.example", "from": "b@c.example", "digestHour": 24 } }""", "mail:digestHour")]
    [InlineData("""{ "hooks": { "retrySeconds": 0 } }""", "hooks:retrySeconds")]
    public void Settings_that_would_give_something_away_or_cannot_work_are_refused(string text, string fault)
    {
        var file = System.IO.Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "{ \"name\": \"n1\", " + text.TrimStart()[1..]);
            Assert.Contains(fault, Assert.Throws<SettingsException>(() => NodeSettings.Load(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Action<NodeSettings> With(SmtpSink sink) => settings =>
    {
        var file = System.IO.Path.Combine(settings.Resolve(System.IO.Path.GetDirectoryName(settings.KeyFile)!), "mail.secret");
        SecretFile.Write(file, SmtpSink.Password + "\n");
        settings.Web.PublicUrl = Board;
        settings.Mail = new()
        {
            Host = "127.0.0.1",
            Port = sink.Port,
            Tls = MailTls.None,
            From = "board@connect.example",
            Account = SmtpSink.Account,
            PasswordFile = file,
            RetrySeconds = 1,
            DigestHour = DateTime.UtcNow.AddMinutes(-1).Hour, // due since less than an hour
        };
    };

    /// <summary>Gives an address and confirms it by the mail.</summary>
    private static async Task ConfirmAsync(HttpClient who, SmtpSink sink, string address)
    {
        (await who.PutAsJsonAsync("/api/v1/mail/address", new { address })).EnsureSuccessStatusCode();
        (await who.PostAsJsonAsync("/api/v1/mail/confirm", new { token = Token(await sink.WaitAsync(address)) })).EnsureSuccessStatusCode();
    }

    /// <summary>Chooses a digest each day: after there is something to read, as who has nothing new is not looked at again that day.</summary>
    private static async Task DailyAsync(HttpClient who) => (await who.PutAsJsonAsync("/api/v1/mail/digest", new { frequency = "daily" })).EnsureSuccessStatusCode();

    private static async Task SubscribeAsync(HttpClient who, SmtpSink sink, string address)
    {
        await ConfirmAsync(who, sink, address);
        await DailyAsync(who);
    }

    private static async Task FollowAsync(PlainBrowser who, SendingStage stage, Guid topic)
    {
        await who.GoAsync($"/t/{topic}");
        await who.SendAsync("#attention", ("Level", "follow"));
        Assert.True(await stage.SqlAsync(c => c.ExecuteScalar<int>("SELECT COUNT(*) FROM attention WHERE topic_id = @id AND level = 'follow'", new { id = Uuid7.ToBytes(topic) })) > 0);
    }

    private static Task<List<string>> OutcomesAsync(SendingStage stage) => stage.SqlAsync(c => c.Query<string>("SELECT outcome FROM digest_sent ORDER BY id").ToList());

    private static async Task<(bool Confirmed, string Digest)> ChoiceAsync(SendingStage stage, string name)
    {
        var account = await stage.SqlAsync(c => Uuid7.FromBytes(c.QueryFirst<byte[]>("SELECT id FROM account WHERE name = @name", new { name })));
        var choice = await stage.A.Service<MailAddresses>().OfAsync(account, default);
        return (choice.Confirmed, choice.Digest);
    }

    /// <summary>The first link of a text, without the board's public address.</summary>
    private static string Path(string? text) => LinkPattern().Match(text!).Value[Board.Length..];

    private static string Token(MimeMessage mail) => Path(mail.TextBody).Split("token=")[1];

    [GeneratedRegex(@"https://board\.example/mail/\S+")]
    private static partial Regex LinkPattern();

    [GeneratedRegex(@"(?m)^CfDJ\S+")]
    private static partial Regex CodePattern();

    private sealed class HandClock : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _seconds;

        public void Pass(int seconds) => _seconds += seconds;
    }
}

/// <summary>Keeps every line of a log.</summary>
internal sealed class ListedLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue($"{formatter(state, exception)} {exception}");

    public void Dispose()
    {
        // Lines are for reading afterwards.
    }
}
