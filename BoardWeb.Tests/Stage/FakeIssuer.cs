using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>An OpenID Connect issuer that does what the standard says, and checks that its client does: PKCE, state, nonce, a code for one use. What it signs can be spoiled.</summary>
public sealed class FakeIssuer : IAsyncDisposable
{
    public const string Client = "connect-board", Secret = "a-secret-of-the-client-that-is-long-enough-for-hs256";

    private static readonly string[] Codes = ["code"], Public = ["public"], Rs256 = ["RS256"];

    private readonly WebApplication _app;
    private readonly RSA _key = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, (string Challenge, string Nonce, string Redirect, string Subject, string Name)> _codes = new();

    private FakeIssuer(WebApplication app, string url) => (_app, Url) = (app, url);

    public string Url { get; }

    /// <summary>Who is signed in there.</summary>
    public (string Subject, string Name) Person { get; set; } = ("nobody", "Nobody");

    /// <summary>It takes connections, and says nothing; while only its token endpoint does, it is the other one.</summary>
    public bool Sleeps { get; set; }

    public bool TokensSleep { get; set; }

    /// <summary>Whoever is there says no.</summary>
    public bool Refuses { get; set; }

    /// <summary>Changes what a token says before it is signed.</summary>
    public Action<Dictionary<string, object>>? Spoil { get; set; }

    /// <summary>Makes the token in another way than it should.</summary>
    public Func<FakeIssuer, Dictionary<string, object>, string>? Sign { get; set; }

    /// <summary>What was wrong with what its client asked.</summary>
    public ConcurrentQueue<string> Complaints { get; } = new();

    /// <summary>Codes that were redeemed.</summary>
    public int Redeemed { get; private set; }

    public static async Task<FakeIssuer> StartAsync()
    {
        var (app, url) = LocalApp.Make();
        var issuer = new FakeIssuer(app, url);
        app.Use(async (context, next) =>
        {
            if (issuer.Sleeps || (issuer.TokensSleep && context.Request.Path == "/token")) await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted);
            await next(context);
        });
        app.MapGet("/.well-known/openid-configuration", () => new
        {
            issuer = url,
            authorization_endpoint = url + "/authorize",
            token_endpoint = url + "/token",
            jwks_uri = url + "/keys",
            response_types_supported = Codes,
            subject_types_supported = Public,
            id_token_signing_alg_values_supported = Rs256,
        });
        app.MapGet("/keys", () =>
        {
            var key = issuer._key.ExportParameters(false);
            return new { keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = "one", n = Base64Url.EncodeToString(key.Modulus), e = Base64Url.EncodeToString(key.Exponent) } } };
        });
        app.MapGet("/authorize", issuer.Authorize);
        app.MapPost("/token", issuer.TokenAsync);
        await app.StartAsync();
        return issuer;
    }

    public static string Jwt(string header, Dictionary<string, object> claims, Func<byte[], byte[]> sign)
    {
        var content = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{content}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(content)))}";
    }

    public byte[] SignRs256(byte[] content) => _key.SignData(content, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public async ValueTask DisposeAsync()
    {
        await LocalApp.EndAsync(_app);
        _key.Dispose();
    }

    private IResult Authorize(HttpRequest request)
    {
        string Asked(string name) => request.Query[name].ToString();
        foreach (var (name, value) in new[] { ("response_type", "code"), ("client_id", Client), ("code_challenge_method", "S256"), ("scope", "openid profile") })
            if (Asked(name) != value) Complaints.Enqueue($"{name} is '{Asked(name)}'");
        foreach (var name in new[] { "state", "nonce", "code_challenge", "redirect_uri" })
            if (Asked(name).Length == 0) Complaints.Enqueue($"{name} is missing");
        if (Refuses) return Results.Redirect(QueryHelpers.AddQueryString(Asked("redirect_uri"), new Dictionary<string, string?> { ["error"] = "access_denied", ["state"] = Asked("state") }));
        var code = Guid.NewGuid().ToString("N");
        _codes[code] = (Asked("code_challenge"), Asked("nonce"), Asked("redirect_uri"), Person.Subject, Person.Name);
        return Results.Redirect(QueryHelpers.AddQueryString(Asked("redirect_uri"), new Dictionary<string, string?> { ["code"] = code, ["state"] = Asked("state") }));
    }

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (form["client_id"] != Client || form["client_secret"] != Secret || form["grant_type"] != "authorization_code" || !_codes.TryRemove(form["code"].ToString(), out var code))
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        if (code.Redirect != form["redirect_uri"] || code.Challenge != Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))))
        {
            Complaints.Enqueue("the code is not the one that was asked for here");
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        }
        Redeemed++;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Url,
            ["aud"] = Client,
            ["sub"] = code.Subject,
            ["nonce"] = code.Nonce,
            ["iat"] = now,
            ["exp"] = now + 300,
            ["name"] = code.Name,
            ["email"] = $"{code.Subject}@mail.example",
        };
        Spoil?.Invoke(claims);
        var token = Sign?.Invoke(this, claims) ?? Jwt("""{"alg":"RS256","kid":"one","typ":"JWT"}""", claims, SignRs256);
        return Results.Json(new { access_token = "an-access-token", token_type = "Bearer", expires_in = 300, id_token = token });
    }
}
