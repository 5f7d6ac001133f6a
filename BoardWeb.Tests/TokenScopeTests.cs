using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Database;
using Dapper;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>What tokens may, and that they can be revoked.</summary>
public sealed class TokenScopeTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    /// <summary>Endpoints are found by themselves, so a new one that forgets about scopes is noticed.</summary>
    [Fact]
    public async Task A_token_that_may_read_changes_nothing_anywhere()
    {
        using var reader = mariaDb.A.Client(await ScopedAsync(mariaDb, TokenScopes.Reading));
        using var writer = mariaDb.A.Client(await ScopedAsync(mariaDb, TokenScopes.Writing));
        var topic = await mariaDb.TopicAsync();
        var writing = 0;
        foreach (var (method, path) in Endpoints(topic.ToString()))
        {
            using var request = new HttpRequestMessage(method, path) { Content = method == HttpMethod.Get ? null : path.EndsWith("/import", StringComparison.Ordinal) ? new StringContent("{}", Encoding.UTF8, "application/jsonl") : JsonContent.Create(new { }) };
            using var other = new HttpRequestMessage(method, path);
            if (method == HttpMethod.Get)
            {
                var refused = await ApiContractTests.AssertProblemAsync(await writer.SendAsync(other), 403);
                Assert.Contains("scope", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
                continue;
            }
            var problem = await ApiContractTests.AssertProblemAsync(await reader.SendAsync(request), 403);
            Assert.Contains("This token has the scopes 'read'", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            writing++;
        }
        Assert.True(writing > 15, $"only {writing} endpoints write");
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync($"/api/v1/topics/{topic}/posts")).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await writer.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "written" })).StatusCode);
    }

    [Fact]
    public async Task A_role_helps_a_token_only_with_its_scope()
    {
        using var plain = mariaDb.A.Client(await ScopedAsync(mariaDb, TokenScopes.Reading, TokenScopes.Writing));
        using var moderator = mariaDb.A.Client(await ScopedAsync(mariaDb, TokenScopes.Reading, TokenScopes.Moderate));
        using var administrator = mariaDb.A.Client(await ScopedAsync(mariaDb, TokenScopes.Reading, TokenScopes.Writing, TokenScopes.Administer));
        using var member = mariaDb.A.Client(await mariaDb.MemberAsync($"Somebody {PageTests.Unique()}"));
        var topic = await mariaDb.TopicAsync();
        var post = (await (await member.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "mine" })).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

        // An administrator's token that may write is a member's: it leaves alone what others wrote.
        Assert.Equal(HttpStatusCode.Forbidden, (await plain.DeleteAsync($"/api/v1/posts/{post}")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await plain.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { locked = true })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await plain.GetAsync("/api/v1/decisions")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await moderator.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { locked = true })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await moderator.GetAsync("/api/v1/decisions")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await moderator.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "x" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await moderator.PatchAsJsonAsync("/api/v1/channels/general", new { description = "x" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await administrator.DeleteAsync($"/api/v1/posts/{post}")).StatusCode);
    }

    [Fact]
    public async Task A_token_makes_none_that_may_more_than_it_does()
    {
        using var administrator = mariaDb.A.Client(await ScopedAsync(mariaDb, TokenScopes.Reading, TokenScopes.Administer));
        await ApiContractTests.AssertProblemAsync(await administrator.PostAsJsonAsync("/api/v1/tokens", new { label = "everything" }), 403);
        await ApiContractTests.AssertProblemAsync(await administrator.PostAsJsonAsync("/api/v1/tokens", new { scopes = Scopes("write") }), 403);
        await ApiContractTests.AssertProblemAsync(await administrator.PostAsJsonAsync("/api/v1/tokens", new { scopes = Scopes("everything") }), 422);
        await ApiContractTests.AssertProblemAsync(await administrator.PostAsJsonAsync("/api/v1/tokens", new { scopes = Array.Empty<string>() }), 422);
        Assert.Equal(HttpStatusCode.Created, (await administrator.PostAsJsonAsync("/api/v1/tokens", new { scopes = Scopes("read") })).StatusCode);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_revoked_token_is_refused_everywhere_within_ten_seconds_and_by_its_owner_alone(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        var token = await stage.MemberAsync($"Owner {PageTests.Unique()}");
        using var owner = stage.A.Client(token);
        var made = await (await owner.PostAsJsonAsync("/api/v1/tokens", new { label = "backup", scopes = Scopes("write", "read", "read") })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("read write", string.Join(' ', made.GetProperty("scopes").EnumerateArray().Select(s => s.GetString())));
        var id = made.GetProperty("id").GetGuid();
        using var here = stage.A.Client(made.GetProperty("token").GetString());
        using var there = stage.B.Client(made.GetProperty("token").GetString());
        foreach (var program in new[] { here, there }) Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/channels")).StatusCode);
        var listed = (await owner.GetFromJsonAsync<JsonElement>("/api/v1/tokens")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["backup", "test"], listed.Select(t => t.GetProperty("label").GetString()));
        Assert.Equal(JsonValueKind.Null, listed[1].GetProperty("scopes").ValueKind); // one of before: whatever its account may

        using var stranger = stage.A.Client(await stage.MemberAsync($"Stranger {PageTests.Unique()}"));
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.DeleteAsync($"/api/v1/tokens/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await here.DeleteAsync($"/api/v1/tokens/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await owner.DeleteAsync($"/api/v1/tokens/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.DeleteAsync($"/api/v1/tokens/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await here.GetAsync("/api/v1/channels")).StatusCode);
        await Wait.UntilAsync(async () => (await there.GetAsync("/api/v1/channels")).StatusCode == HttpStatusCode.Unauthorized, Sessions.Known + TimeSpan.FromSeconds(3), "the other node knows");
        Assert.Single((await owner.GetFromJsonAsync<JsonElement>("/api/v1/tokens")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_token_with_scopes_is_no_password_and_one_that_is_ends_its_sessions_when_it_is_revoked()
    {
        var name = $"Tokened {PageTests.Unique()}";
        var token = await mariaDb.MemberAsync(name);
        using var owner = mariaDb.A.Client(token);
        var scoped = await (await owner.PostAsJsonAsync("/api/v1/tokens", new { scopes = TokenScopes.All })).Content.ReadFromJsonAsync<JsonElement>();
        using var reader = new PlainBrowser(mariaDb.A.Url);
        Assert.Null((await reader.SignInAsync(name, scoped.GetProperty("token").GetString()!)).QuerySelector(".me"));
        Assert.NotNull((await reader.SignInAsync(name, token)).QuerySelector(".me"));
        var items = (await owner.GetFromJsonAsync<JsonElement>("/api/v1/tokens")).GetProperty("items").EnumerateArray();
        var full = items.Single(t => t.GetProperty("scopes").ValueKind == JsonValueKind.Null).GetProperty("id").GetGuid();
        (await owner.DeleteAsync($"/api/v1/tokens/{full}")).EnsureSuccessStatusCode();
        Assert.Null((await reader.GoAsync("/")).QuerySelector(".me"));
        Assert.Null((await reader.SignInAsync(name, token)).QuerySelector(".me"));
    }

    /// <summary>A repair that brings rows table by table must not make a token that may everything of one that may little; of two rows about one the latest counts, whichever came first.</summary>
    [Theory]
    [InlineData(new string[0], HttpStatusCode.Unauthorized)]
    [InlineData(new[] { "read", "" }, HttpStatusCode.Unauthorized)]
    [InlineData(new[] { "", "read" }, HttpStatusCode.OK)]
    public async Task What_a_token_may_does_not_depend_on_the_order_in_which_rows_arrive(string[] grants, HttpStatusCode expected)
    {
        var token = ApiTokens.New(TokenScopes.Of(["read"]));
        var ids = new Uuid7(TimeProvider.System);
        var account = await mariaDb.SqlAsync(c => c.QueryFirst<byte[]>("SELECT id FROM account WHERE name = 'administrator' ORDER BY id LIMIT 1"));
        var id = Uuid7.ToBytes(ids.Next());
        var rows = grants.Select(scopes => (Grant: Uuid7.ToBytes(ids.Next()), Scopes: scopes)).Reverse().ToList(); // the latest arrives first
        await mariaDb.SqlAsync(c => rows.Sum(r => c.Execute("INSERT INTO api_token_grant (id,node,token_id,scopes) VALUES (@Grant,4714,@id,@Scopes)", new { r.Grant, id, r.Scopes })));
        await mariaDb.SqlAsync(c => c.Execute("INSERT INTO api_token (id,node,account_id,token_hash,label,unlimited) VALUES (@id,4714,@account,@hash,'repaired',0)", new { id, account, hash = ApiTokens.HashOf(token) }));
        using var program = mariaDb.A.Client(token);
        Assert.Equal(expected, (await program.GetAsync("/api/v1/channels")).StatusCode);
    }

    [Fact]
    public async Task Tokens_are_made_and_revoked_on_a_page_without_JavaScript()
    {
        using var reader = new PlainBrowser(mariaDb.A.Url);
        await reader.SignUpAsync($"Maker {PageTests.Unique()}");
        await reader.GoAsync("/account");
        await reader.FollowAsync("a[href='/account/tokens']");
        var page = await reader.SendAsync("#make", ("Label", "<b>my script</b>"));
        var token = page.QuerySelector(".secret")!.TextContent;
        Assert.Contains("<b>my script</b>", page.QuerySelector(".log b")!.TextContent, StringComparison.Ordinal);
        using var program = mariaDb.A.Client(token);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/api/v1/channels")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await program.PostAsJsonAsync("/api/v1/channels", new { slug = "x", title = "x" })).StatusCode);
        await reader.SendAsync("#make", ("Label", ""));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reader.Status);
        await reader.SendAsync("#make", ("Label", "x"), ("Scopes", "everything"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reader.Status);
        await reader.GoAsync("/account/tokens");
        page = await reader.SendAsync(".log form");
        Assert.Null(page.QuerySelector(".log form"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await program.GetAsync("/api/v1/channels")).StatusCode);
        Assert.NotNull(page.QuerySelector(".me"));
    }

    private List<(HttpMethod Method, string Path)> Endpoints(string id) => [.. mariaDb.A.App.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
        .Where(e => e.RoutePattern.RawText!.TrimStart('/').StartsWith("api/", StringComparison.Ordinal))
        .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]).Select(m => (new HttpMethod(m), "/" + e.RoutePattern.RawText!.TrimStart('/')
            .Replace("{slug}", "general", StringComparison.Ordinal).Replace("{kind}", "like", StringComparison.Ordinal).Replace("{id:guid}", id, StringComparison.Ordinal))))
        .Select(e => { Assert.DoesNotContain("{", e.Item2, StringComparison.Ordinal); return e; })];

    private static string[] Scopes(params string[] scopes) => scopes;

    /// <summary>An administrator's token with these scopes.</summary>
    private static async Task<string> ScopedAsync(StageOn stage, params string[] scopes)
    {
        using var admin = stage.Admin(stage.A);
        var made = await (await admin.PostAsJsonAsync("/api/v1/tokens", new { label = "scoped", scopes, unlimited = true })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return made.GetProperty("token").GetString()!;
    }
}
