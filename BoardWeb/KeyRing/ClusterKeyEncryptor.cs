using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Connect.Node.Security;
using Connect.Node.Settings;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace Connect.BoardWeb.KeyRing;

/// <summary>
/// Seals the keys of the key ring with the cluster's key (AES-256-GCM), which every node has in a file: whoever reads the database or a backup
/// of it cannot forge a cookie with what they find.
/// </summary>
public sealed class ClusterKeyEncryptor(IServiceProvider services) : IXmlEncryptor
{
    private readonly ClusterKeys _keys = ClusterSeal.KeysOf(services);

    public EncryptedXmlInfo Encrypt(XElement plaintextElement) => new(
        new XElement("sealed", Convert.ToBase64String(ClusterSeal.Seal(_keys.Primary, Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting))))),
        typeof(ClusterKeyDecryptor));
}

/// <summary>Opens what <see cref="ClusterKeyEncryptor"/> sealed, with any key the cluster still has. The framework finds it by its name.</summary>
public sealed class ClusterKeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    private readonly ClusterKeys _keys = ClusterSeal.KeysOf(services);

    public XElement Decrypt(XElement encryptedElement)
    {
        var box = Convert.FromBase64String(encryptedElement.Value);
        foreach (var key in _keys.All)
        {
            if (ClusterSeal.TryOpen(key, box) is { } plain) return XElement.Parse(Encoding.UTF8.GetString(plain));
        }
        throw new CryptographicException("A key of the key ring was sealed with a cluster key this node does not have.");
    }
}

/// <summary>Nonce, tag and text in one box.</summary>
internal static class ClusterSeal
{
    private const string Purpose = "data-protection";
    private const int Nonce = 12, Tag = 16;

    public static ClusterKeys KeysOf(IServiceProvider services)
    {
        var settings = services.GetRequiredService<NodeSettings>();
        return ClusterKeys.Load(settings.Resolve(settings.KeyFile));
    }

    public static byte[] Seal(ReadOnlySpan<byte> clusterKey, byte[] plain)
    {
        var box = new byte[Nonce + Tag + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, Nonce));
        using var aes = new AesGcm(ClusterKeys.Derive(clusterKey, Purpose), Tag);
        aes.Encrypt(box.AsSpan(0, Nonce), plain, box.AsSpan(Nonce + Tag), box.AsSpan(Nonce, Tag));
        return box;
    }

    public static byte[]? TryOpen(byte[] clusterKey, byte[] box)
    {
        if (box.Length < Nonce + Tag) return null;
        var plain = new byte[box.Length - Nonce - Tag];
        using var aes = new AesGcm(ClusterKeys.Derive(clusterKey, Purpose), Tag);
        try
        {
            aes.Decrypt(box.AsSpan(0, Nonce), box.AsSpan(Nonce + Tag), box.AsSpan(Nonce, Tag), plain);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
