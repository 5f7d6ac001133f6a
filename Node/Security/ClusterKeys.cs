using System.Security.Cryptography;
using System.Text;
using Connect.Node.Settings;

namespace Connect.Node.Security;

/// <summary>Where the keys of the moment come from: ask again for each use, because they can be changed while the program runs.</summary>
public interface IClusterKeys
{
    ClusterKeys Current { get; }
}

/// <summary>
/// The cluster's key ring: the first key encrypts, every key decrypts, so that a key can be added everywhere, then made the first
/// everywhere, then removed everywhere without a moment in which members do not understand each other. Immutable.
/// </summary>
public sealed class ClusterKeys : IClusterKeys
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyLength = ClusterKey.Length;

    /// <summary>Most keys of a file: a stranger's packet is tried with each of them.</summary>
    public const int MostKeys = 8;

    private readonly ClusterKey[] _keys;

    /// <exception cref="SettingsException">There is none, or there are more than <see cref="MostKeys"/>.</exception>
    public ClusterKeys(IEnumerable<ClusterKey> keys)
    {
        _keys = [.. keys.DistinctBy(k => k.Id)];
        if (_keys.Length == 0) throw new SettingsException("A cluster needs at least one key.");
        if (_keys.Length > MostKeys) throw new SettingsException($"A cluster has at most {MostKeys} keys; remove those that seal nothing any more.");
        All = [.. _keys.Select(k => k.Secret)];
    }

    public ClusterKeys(IEnumerable<byte[]> keys) : this(keys.Select(k => new ClusterKey(k)))
    {
    }

    /// <summary>The key that encrypts.</summary>
    public ReadOnlySpan<byte> Primary => _keys[0].Secret;

    /// <summary>Every key that decrypts, the primary first.</summary>
    public IReadOnlyList<byte[]> All { get; }

    /// <summary>The same, with names.</summary>
    public IReadOnlyList<ClusterKey> Keys => _keys;

    ClusterKeys IClusterKeys.Current => this;

    /// <exception cref="SettingsException">The file is missing, readable by others, or holds no usable key.</exception>
    public static ClusterKeys Load(string path) => Parse(SecretFile.Read(path), path);

    /// <exception cref="SettingsException">This is no file of keys.</exception>
    internal static ClusterKeys Parse(string text, string path)
    {
        try
        {
            return new(text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#')).Select(ClusterKey.Parse));
        }
        catch (FormatException e)
        {
            throw new SettingsException($"{path} does not hold keys: one base64 key of {KeyLength} bytes a line.", e);
        }
    }

    /// <summary>Founds a cluster: writes a file with one new key.</summary>
    public static void Create(string path) => new ClusterKeys([ClusterKey.New(DateTimeOffset.UtcNow)]).Save(path);

    /// <summary>Replaces the file in one step.</summary>
    public void Save(string path) => SecretFile.Write(path, string.Concat(_keys.Select(k => k.Line() + "\n")));

    /// <summary>
    /// The bearer token that daemons, boards and the CLI of this cluster show to a daemon. It is derived, so no further secret has to be handed around.
    /// </summary>
    public string ApiToken => _keys[0].Token;

    /// <summary>Compares in constant time with the token of every key in the ring.</summary>
    public bool IsApiToken(string? token)
    {
        var given = Encoding.UTF8.GetBytes(token ?? "");
        var matches = false;
        foreach (var key in _keys) matches |= CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(key.Token));
        return matches;
    }

    /// <summary>A 32-byte key for one purpose, so that no key is used for two things.</summary>
    public static byte[] Derive(ReadOnlySpan<byte> key, string purpose)
    {
        var derived = new byte[KeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt: [], info: Encoding.UTF8.GetBytes("connect/" + purpose));
        return derived;
    }
}
