using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>Facebook's three endpoints, as its client needs them.</summary>
public sealed class FakeFacebook : IAsyncDisposable
{
    public const string Client = "1234567890", Secret = "facebooks-secret";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, (string Challenge, string Redirect, string Id, string Name)> _codes = new();
    private readonly ConcurrentDictionary<string, (string Id, string Name)> _tokens = new();

    private FakeFacebook(WebApplication app, string url) => (_app, Url) = (app, url);

    public string Url { get; }

    public (string Id, string Name) Person { get; set; } = ("0", "Nobody");

    public bool Refuses { get; set; }

    /// <summary>Its profiles say nothing for 30 s.</summary>
    public bool ProfilesSleep { get; set; }

    public static async Task<FakeFacebook> StartAsync()
    {
        var (app, url) = LocalApp.Make();
        var facebook = new FakeFacebook(app, url);
        app.MapGet("/dialog/oauth", facebook.Dialog);
        app.MapPost("/oauth/access_token", facebook.TokenAsync);
        app.MapGet("/me", facebook.MeAsync);
        await app.StartAsync();
        return facebook;
    }

    public async ValueTask DisposeAsync()
    {
        await LocalApp.EndAsync(_app);
    }

    private IResult Dialog(HttpRequest request)
    {
        var back = new Dictionary<string, string?> { ["state"] = request.Query["state"] };
        var redirect = request.Query["redirect_uri"].ToString();
        if (Refuses)
        {
            (back["error"], back["error_reason"]) = ("access_denied", "user_denied");
            return Results.Redirect(QueryHelpers.AddQueryString(redirect, back));
        }
        if (request.Query["client_id"] != Client || request.Query["response_type"] != "code" || request.Query["scope"] != "public_profile") return Results.BadRequest();
        back["code"] = Guid.NewGuid().ToString("N");
        _codes[back["code"]!] = (request.Query["code_challenge"].ToString(), redirect, Person.Id, Person.Name);
        return Results.Redirect(QueryHelpers.AddQueryString(redirect, back));
    }

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (form["client_id"] != Client || form["client_secret"] != Secret || !_codes.TryRemove(form["code"].ToString(), out var code) || code.Redirect != form["redirect_uri"]
            || code.Challenge != Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))))
        {
            return Results.Json(new { error = new { message = "Invalid verification code", type = "OAuthException", code = 100 } }, statusCode: 400);
        }
        var token = Guid.NewGuid().ToString("N");
        _tokens[token] = (code.Id, code.Name);
        return Results.Json(new { access_token = token, token_type = "bearer", expires_in = 5000 });
    }

    private async Task<IResult> MeAsync(HttpRequest request)
    {
        if (ProfilesSleep) await Task.Delay(TimeSpan.FromSeconds(30), request.HttpContext.RequestAborted);
        var token = request.Headers.Authorization.ToString()["Bearer ".Length..];
        var proof = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.ASCII.GetBytes(Secret), Encoding.ASCII.GetBytes(token)));
        return request.Query["appsecret_proof"] == proof && _tokens.TryGetValue(token, out var person)
            ? Results.Json(new { id = person.Id, name = person.Name, email = "never@mail.example" }) : Results.StatusCode(400);
    }
}
