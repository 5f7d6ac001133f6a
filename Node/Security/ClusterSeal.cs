using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace Connect.Node.Security;

/// <summary>
/// Seals the keys for cookies and forms, which are rows in every node's database, with the cluster's key (AES-256-GCM): nonce, tag and text in one box.
/// Whoever reads the database or a backup of it cannot forge a cookie with what they find.
/// </summary>
public static class ClusterSeal
{
    /// <summary>The element that holds a box in base64.</summary>
    public const string Element = "sealed";

    private const string Purpose = "data-protection";
    private const int Nonce = 12, Tag = 16;

    /// <summary>An element with the sealed text of another one.</summary>
    public static XElement Seal(ClusterKey key, XElement plain) => Seal(key.Secret, plain);

    /// <inheritdoc cref="Seal(ClusterKey, XElement)"/>
    public static XElement Seal(ReadOnlySpan<byte> key, XElement plain)
    {
        var text = Encoding.UTF8.GetBytes(plain.ToString(SaveOptions.DisableFormatting));
        var box = new byte[Nonce + Tag + text.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, Nonce));
        using var aes = new AesGcm(ClusterKeys.Derive(key, Purpose), Tag);
        aes.Encrypt(box.AsSpan(0, Nonce), text, box.AsSpan(Nonce + Tag), box.AsSpan(Nonce, Tag));
        return new(Element, Convert.ToBase64String(box));
    }

    /// <summary>What was sealed, opened with any of these keys; null if none fits.</summary>
    public static XElement? TryOpen(IEnumerable<ClusterKey> keys, XElement sealedElement)
    {
        byte[] box;
        try
        {
            box = Convert.FromBase64String(sealedElement.Value);
        }
        catch (FormatException)
        {
            return null;
        }
        return keys.Select(key => TryOpen(key.Secret, box)).FirstOrDefault(plain => plain is not null) is { } text ? XElement.Parse(Encoding.UTF8.GetString(text)) : null;
    }

    /// <summary>True if everything sealed in an element opens with one of these keys.</summary>
    public static bool Opens(IEnumerable<ClusterKey> keys, XElement row) => row.DescendantsAndSelf(Element).All(box => TryOpen(keys, box) is not null);

    /// <summary>A copy of the element with everything that is sealed in it sealed by another key; null if something in it does not open.</summary>
    public static XElement? Reseal(IReadOnlyList<ClusterKey> keys, ClusterKey with, XElement row)
    {
        var copy = new XElement(row);
        foreach (var box in copy.DescendantsAndSelf(Element).ToList())
        {
            if (TryOpen(keys, box) is not { } plain) return null;
            box.Value = Seal(with, plain).Value;
        }
        return copy;
    }

    private static byte[]? TryOpen(byte[] key, byte[] box)
    {
        if (box.Length < Nonce + Tag) return null;
        var plain = new byte[box.Length - Nonce - Tag];
        using var aes = new AesGcm(ClusterKeys.Derive(key, Purpose), Tag);
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
