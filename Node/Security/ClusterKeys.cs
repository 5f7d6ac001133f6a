using System.Security.Cryptography;
using System.Text;
using Connect.Node.Settings;

namespace Connect.Node.Security;

/// <summary>
/// The cluster's key ring: the first key encrypts, every key decrypts, so that a key can be added everywhere, then made the first
/// everywhere, then removed everywhere without a moment in which members do not understand each other.
/// </summary>
public sealed class ClusterKeys
{
    /// <summary>Bytes of a key (AES-256).</summary>
    public const int KeyLength = 32;

    private readonly byte[][] _keys;

    public ClusterKeys(IEnumerable<byte[]> keys)
    {
        _keys = [.. keys];
        if (_keys.Length == 0) throw new SettingsException("A cluster needs at least one key.");
        if (_keys.Any(k => k.Length != KeyLength)) throw new SettingsException($"A cluster key is {KeyLength} bytes, written in base64.");
    }

    /// <summary>The key that encrypts.</summary>
    public ReadOnlySpan<byte> Primary => _keys[0];

    /// <summary>Every key that decrypts, the primary first.</summary>
    public IReadOnlyList<byte[]> All => _keys;

    /// <exception cref="SettingsException">The file is missing, readable by others, or holds no usable key.</exception>
    public static ClusterKeys Load(string path)
    {
        try
        {
            return new(SecretFile.Read(path).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(line => !line.StartsWith('#')).Select(Convert.FromBase64String));
        }
        catch (FormatException e)
        {
            throw new SettingsException($"{path} does not hold keys: one base64 key of {KeyLength} bytes a line.", e);
        }
    }

    /// <summary>Founds a cluster: writes a file with one new key.</summary>
    public static void Create(string path) =>
        SecretFile.Write(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyLength)) + "\n");

    /// <summary>
    /// The bearer token that daemons, boards and the CLI of this cluster show to a daemon. It is derived, so no further secret has to be handed around.
    /// </summary>
    public string ApiToken => TokenOf(_keys[0]);

    /// <summary>Compares in constant time with the token of every key in the ring.</summary>
    public bool IsApiToken(string? token)
    {
        var given = Encoding.UTF8.GetBytes(token ?? "");
        var matches = false;
        foreach (var key in _keys) matches |= CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(TokenOf(key)));
        return matches;
    }

    /// <summary>A 32-byte key for one purpose, so that no key is used for two things.</summary>
    public static byte[] Derive(ReadOnlySpan<byte> key, string purpose)
    {
        var derived = new byte[KeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt: [], info: Encoding.UTF8.GetBytes("connect/" + purpose));
        return derived;
    }

    private static string TokenOf(byte[] key) => Convert.ToHexStringLower(Derive(key, "daemon-api"));
}
