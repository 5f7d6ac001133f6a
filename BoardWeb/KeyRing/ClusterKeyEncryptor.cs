using System.Security.Cryptography;
using System.Xml.Linq;
using Connect.Node.Security;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace Connect.BoardWeb.KeyRing;

/// <summary>Seals the keys of the key ring with the cluster's key, which every node has in a file (<see cref="ClusterSeal"/>).</summary>
public sealed class ClusterKeyEncryptor(IServiceProvider services) : IXmlEncryptor
{
    private readonly IClusterKeys _keys = services.GetRequiredService<IClusterKeys>();

    public EncryptedXmlInfo Encrypt(XElement plaintextElement) => new(ClusterSeal.Seal(_keys.Current.Primary, plaintextElement), typeof(ClusterKeyDecryptor));
}

/// <summary>
/// Opens what <see cref="ClusterKeyEncryptor"/> sealed, with any key the cluster still has. The framework finds it by its name, which is in every row;
/// the board itself opens rows when it reads them (<see cref="KeyRingRepository"/>).
/// </summary>
public sealed class ClusterKeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    private readonly IClusterKeys _keys = services.GetRequiredService<IClusterKeys>();

    public XElement Decrypt(XElement encryptedElement) => ClusterSeal.TryOpen(_keys.Current.Keys, encryptedElement)
        ?? throw new CryptographicException("A key of the key ring was sealed with a cluster key this node does not have.");
}
