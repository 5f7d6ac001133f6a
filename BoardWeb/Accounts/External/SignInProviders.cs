using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Connect.BoardWeb.Accounts.External;

/// <summary>Another site that people may sign in with.</summary>
/// <param name="Name">Its name in the settings.</param>
/// <param name="Title">What stands on its button.</param>
/// <param name="Kind">How it is spoken to.</param>
public sealed record SignInProvider(string Name, string Title, string Kind)
{
    /// <summary>The framework's name of it.</summary>
    public string Scheme => $"signin-{Name}";
}

/// <summary>
/// The other sites that people may sign in with, from the settings. The framework's handlers do the protocols: authorization code with PKCE, state and nonce. What they remember meanwhile
/// is in sealed cookies and in the sealed state, so a sign-in that began on one node may come back to another.
/// </summary>
public sealed class SignInProviders(IReadOnlyList<SignInProvider> all)
{
    /// <summary>The scheme, a cookie, that holds an <see cref="ExternalIdentity"/> until it is known whose it is.</summary>
    public const string Scheme = "External";

    /// <summary>Where people are sent when the other site has answered.</summary>
    public const string ReturnPath = "/signin/external";

    /// <summary>How long the other site may take for one answer. 5 s.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long a person may take there, and then to choose a name. 10 minutes each.</summary>
    private static readonly TimeSpan Unhurried = TimeSpan.FromMinutes(10);

    /// <summary>Bytes of one answer of the other site's: its keys, a token, a profile.</summary>
    private const int MaxAnswer = 1 << 20;

    private const string Facebook = "https://www.facebook.com/v23.0", FacebookGraph = "https://graph.facebook.com/v23.0", FacebookIssuer = "https://www.facebook.com";

    /// <summary>Signed with a key that only the issuer has. Without this list a key that a client shares with it, or none at all, would be a matter of the library's defaults.</summary>
    private static readonly string[] Signatures = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    public IReadOnlyList<SignInProvider> All { get; } = all;

    public SignInProvider? Named(string? name) => All.FirstOrDefault(p => p.Name == name);

    /// <exception cref="SettingsException">A secret cannot be read.</exception>
    public static void Add(IServiceCollection services, NodeSettings settings)
    {
        var authentication = services.AddAuthentication().AddCookie(Scheme, options =>
        {
            options.Cookie.Name = "connect-external";
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            options.Cookie.Path = "/signin";
            options.ExpireTimeSpan = Unhurried;
            options.SlidingExpiration = false;
        });
        var all = new List<SignInProvider>();
        foreach (var entry in settings.Web.SignIn)
        {
            var (provider, secret) = (new SignInProvider(entry.Name, entry.ShownAs, entry.Kind), entry.ClientSecret.Length > 0 ? entry.ClientSecret : SecretFile.Read(settings.Resolve(entry.ClientSecretFile)).Trim());
            if (entry.Kind == SignInSettings.Oidc) authentication.AddOpenIdConnect(provider.Scheme, provider.Title, options => Configure(options, entry, secret, provider));
            else authentication.AddOAuth(provider.Scheme, provider.Title, options => Configure(options, entry, secret, provider));
            all.Add(provider);
        }
        services.AddSingleton(new SignInProviders(all)).AddSingleton<ExternalLogins>().AddSingleton<WaysIn>().AddSingleton<LinkTickets>();
    }

    private static void Configure(OpenIdConnectOptions options, SignInSettings entry, string secret, SignInProvider provider)
    {
        Configure(options, provider);
        options.Authority = entry.Authority;
        options.RequireHttpsMetadata = new Uri(entry.Authority).Scheme == Uri.UriSchemeHttps;
        (options.ClientId, options.ClientSecret) = (entry.ClientId, secret);
        // By address, not by a form: cookies of SameSite=Lax come along, also over plain http.
        (options.ResponseType, options.ResponseMode, options.UsePkce) = ("code", "query", true);
        options.Scope.Clear();
        foreach (var scope in entry.Scopes.Length > 0 ? entry.Scopes : ["openid", "profile"]) options.Scope.Add(scope);
        options.MapInboundClaims = false;
        options.DisableTelemetry = true;
        // Nobody is signed out here by another site.
        options.RemoteSignOutPath = options.SignedOutCallbackPath = default;
        options.TokenHandler = new AlwaysSigned { MapInboundClaims = false };
        options.TokenValidationParameters.ValidAlgorithms = Signatures;
        options.TokenValidationParameters.ClockSkew = TimeSpan.FromMinutes(2);
        options.NonceCookie.SameSite = SameSiteMode.Lax;
        options.NonceCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.Events.OnAccessDenied = context => SignInFaults.SendAsync(context, SignInFaults.Cancelled, provider);
        options.Events.OnRemoteFailure = context => SignInFaults.SendAsync(context, provider);
        options.Events.OnTokenValidated = context =>
        {
            var token = context.Principal!;
            if (token.FindFirstValue("iss") is { Length: > 0 } issuer && token.FindFirstValue("sub") is { Length: > 0 } subject)
                context.Principal = ExternalIdentity.Of(provider.Name, issuer, subject, token.FindFirstValue("preferred_username"), token.FindFirstValue("nickname"), token.FindFirstValue("name")).ToPrincipal();
            else context.Fail("The site does not say who it is about.");
            return Task.CompletedTask;
        };
    }

    private static void Configure(OAuthOptions options, SignInSettings entry, string secret, SignInProvider provider)
    {
        Configure(options, provider);
        var (site, graph) = entry.Authority.Length > 0 ? (entry.Authority.TrimEnd('/'), entry.Authority.TrimEnd('/')) : (Facebook, FacebookGraph);
        (options.AuthorizationEndpoint, options.TokenEndpoint, options.UserInformationEndpoint) = ($"{site}/dialog/oauth", $"{graph}/oauth/access_token", $"{graph}/me");
        (options.ClientId, options.ClientSecret, options.UsePkce) = (entry.ClientId, secret, true);
        options.Scope.Clear();
        foreach (var scope in entry.Scopes.Length > 0 ? entry.Scopes : ["public_profile"]) options.Scope.Add(scope);
        options.Events.OnAccessDenied = context => SignInFaults.SendAsync(context, SignInFaults.Cancelled, provider);
        options.Events.OnRemoteFailure = context => SignInFaults.SendAsync(context, provider);
        options.Events.OnCreatingTicket = async context =>
        {
            // The proof says that the token was given to this application, and not taken from another one's log.
            var proof = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.ASCII.GetBytes(secret), Encoding.ASCII.GetBytes(context.AccessToken ?? "")));
            using var request = new HttpRequestMessage(HttpMethod.Get, QueryHelpers.AddQueryString(options.UserInformationEndpoint, new Dictionary<string, string?> { ["fields"] = "id,name", ["appsecret_proof"] = proof }));
            request.Headers.Authorization = new("Bearer", context.AccessToken);
            using var answer = (await context.Backchannel.SendAsync(request, context.HttpContext.RequestAborted)).EnsureSuccessStatusCode();
            using var person = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(context.HttpContext.RequestAborted));
            if (Text(person, "id") is not { Length: > 0 } id) throw new AuthenticationFailureException("The site does not say who it is about.");
            context.Principal = ExternalIdentity.Of(provider.Name, FacebookIssuer, id, Text(person, "name")).ToPrincipal();
        };
    }

    /// <summary>
    /// The framework's handler takes a token from the token endpoint without a signature too, as the standard allows: TLS has said whose it is. Here a signature is always asked for, so that
    /// whoever gets between the two (a proxy that opens TLS, http on the loopback) still signs nobody in.
    /// </summary>
    private sealed class AlwaysSigned : JsonWebTokenHandler
    {
        public override Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
        {
            validationParameters.RequireSignedTokens = true;
            return base.ValidateTokenAsync(token, validationParameters);
        }
    }

    private static string? Text(JsonDocument document, string name) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static void Configure(RemoteAuthenticationOptions options, SignInProvider provider)
    {
        options.SignInScheme = Scheme;
        options.CallbackPath = $"/signin/callback/{provider.Name}";
        options.Backchannel = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) }) { Timeout = Patience, MaxResponseContentBufferSize = MaxAnswer };
        options.Backchannel.DefaultRequestHeaders.UserAgent.ParseAdd("Connect");
        options.RemoteAuthenticationTimeout = Unhurried;
        options.CorrelationCookie.Name = "connect-signin.";
        options.CorrelationCookie.SameSite = SameSiteMode.Lax;
        options.CorrelationCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.SaveTokens = false;
    }
}
