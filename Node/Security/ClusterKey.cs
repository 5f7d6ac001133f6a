using System.Globalization;
using System.Security.Cryptography;
using Connect.Node.Settings;

namespace Connect.Node.Security;

/// <summary>One key of a cluster's key file: a line <c>BASE64</c>, or <c>BASE64 # made 2026-11-20T18:40:12Z</c>.</summary>
public sealed class ClusterKey
{
    /// <summary>Bytes of a key (AES-256).</summary>
    public const int Length = 32;

    private const string MadeMark = "made ";

    /// <param name="secret">Its <see cref="Length"/> bytes.</param>
    /// <param name="made">When it was made, if that is known: of two keys the newer one is the one a rotation leads to. Whole seconds.</param>
    /// <exception cref="SettingsException">It has another length.</exception>
    public ClusterKey(byte[] secret, DateTimeOffset? made = null)
    {
        if (secret.Length != Length) throw new SettingsException($"A cluster key is {Length} bytes, written in base64.");
        (Secret, Made) = (secret, made);
        Id = Convert.ToHexStringLower(ClusterKeys.Derive(secret, "key-id").AsSpan(0, 6));
        Token = Convert.ToHexStringLower(ClusterKeys.Derive(secret, "daemon-api"));
    }

    public byte[] Secret { get; }

    public DateTimeOffset? Made { get; }

    /// <summary>Its name in reports and logs: derived from it one way, so it may be shown.</summary>
    public string Id { get; }

    /// <summary>The bearer token of the daemons' API under this key.</summary>
    internal string Token { get; }

    /// <summary>A new one.</summary>
    public static ClusterKey New(DateTimeOffset made) => new(RandomNumberGenerator.GetBytes(Length), DateTimeOffset.FromUnixTimeSeconds(made.ToUnixTimeSeconds()));

    /// <summary>Never prints the secret.</summary>
    public override string ToString() => Id;

    /// <exception cref="FormatException">It is not a key.</exception>
    internal static ClusterKey Parse(string line)
    {
        var comment = line.IndexOf('#', StringComparison.Ordinal);
        var (key, said) = comment < 0 ? (line, "") : (line[..comment], line[(comment + 1)..].Trim());
        DateTimeOffset? made = said.StartsWith(MadeMark, StringComparison.Ordinal)
            && DateTimeOffset.TryParse(said[MadeMark.Length..], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
        return new(Convert.FromBase64String(key), made);
    }

    internal string Line() =>
        Convert.ToBase64String(Secret) + (Made is { } made ? $" # {MadeMark}{made.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}" : "");
}
