using Connect.Node.Database;

namespace Connect.BoardWeb.Storage;

/// <summary>Ids between rows and programs.</summary>
public static class Ids
{
    /// <summary>The last four digits, which tell two bearers of one name apart.</summary>
    public static string SuffixOf(Guid id) => id.ToString("N")[^4..];

    public static Guid Of(byte[] bytes) => Uuid7.FromBytes(bytes);

    public static Guid? OrNull(byte[]? bytes) => bytes is null ? null : Uuid7.FromBytes(bytes);

    public static byte[] Bytes(Guid id) => Uuid7.ToBytes(id);
}
