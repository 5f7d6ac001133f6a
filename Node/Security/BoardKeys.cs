namespace Connect.Node.Security;

/// <summary>How a board tells its daemon which cluster keys it holds: their names, the first one first. Names are no secret.</summary>
public static class BoardKeys
{
    public const string Header = "X-Connect-Keys";

    public static string Of(ClusterKeys keys) => string.Join(',', keys.Keys.Select(k => k.Id));

    /// <summary>At most <see cref="ClusterKeys.MostKeys"/> names; null for anything a board does not say.</summary>
    public static IReadOnlyList<string>? Read(string? header)
    {
        if (string.IsNullOrEmpty(header) || header.Length > ClusterKeys.MostKeys * 13) return null;
        var names = header.Split(',');
        return names.All(n => n.Length == 12 && n.All(char.IsAsciiHexDigitLower)) ? names : null;
    }
}
