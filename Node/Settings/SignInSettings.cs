namespace Connect.Node.Settings;

/// <summary>Another site that people may sign in with.</summary>
public sealed class SignInSettings
{
    /// <summary>OpenID Connect; Facebook's own OAuth.</summary>
    public const string Oidc = "oidc", Facebook = "facebook";

    /// <summary>1 to 32 of a-z, 0-9 and '-'. Part of the address the site sends people back to: <c>/signin/callback/NAME</c>.</summary>
    public string Name { get; set; } = "";

    /// <summary>What stands on the button, at most 40 characters; the name by default.</summary>
    public string Title { get; set; } = "";

    /// <summary>How the site says who somebody is: <see cref="Oidc"/>, the default, or <see cref="Facebook"/>.</summary>
    public string Kind { get; set; } = Oidc;

    /// <summary>
    /// The issuer of OpenID Connect; https, or http on the loopback. For Facebook it is empty; otherwise <c>/dialog/oauth</c>, <c>/oauth/access_token</c> and <c>/me</c> are asked for
    /// under it (a proxy, a test).
    /// </summary>
    public string Authority { get; set; } = "";

    public string ClientId { get; set; } = "";

    /// <summary>A file with the client's secret, which only its owner may read.</summary>
    public string ClientSecretFile { get; set; } = "";

    /// <summary>The secret itself: only from the environment; a settings file that holds it is refused.</summary>
    public string ClientSecret { get; set; } = "";

    /// <summary>What the site is asked for. By default <c>openid</c> and <c>profile</c>; for Facebook <c>public_profile</c>.</summary>
    public string[] Scopes { get; set; } = [];

    public string ShownAs => Title.Length > 0 ? Title : Name;

    /// <summary>What is wrong with these, in words for an operator.</summary>
    public static IEnumerable<string> Faults(IReadOnlyList<SignInSettings> all)
    {
        for (var i = 0; i < all.Count; i++)
        {
            var (entry, where) = (all[i], $"web:signIn:{i}");
            if (entry.Name.Length is 0 or > 32 || !entry.Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')) yield return $"{where}:name must be 1 to 32 of a-z, 0-9 and '-'";
            if (all.Take(i).Any(other => other.Name == entry.Name)) yield return $"{where}:name is there twice";
            if (entry.Title.Length > 40) yield return $"{where}:title may have at most 40 characters";
            if (entry.Kind is not (Oidc or Facebook)) yield return $"{where}:kind must be oidc or facebook";
            if (entry.ClientId.Length == 0) yield return $"{where}:clientId is missing";
            if (entry.ClientSecret.Length == 0 && entry.ClientSecretFile.Length == 0)
                yield return $"{where} has no secret: name a file with clientSecretFile, or set CONNECT__Web__SignIn__{i}__ClientSecret in the environment";
            if (!(entry.Kind == Facebook && entry.Authority.Length == 0) && !IsSound(entry.Authority))
                yield return $"{where}:authority must be an https address (http only on the loopback): what comes from there says who somebody is";
        }
    }

    private static bool IsSound(string authority) => Uri.TryCreate(authority, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
}
