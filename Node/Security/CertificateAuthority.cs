using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Connect.Node.Settings;

namespace Connect.Node.Security;

/// <summary>A cluster's own certificate authority, in a folder: <c>ca.crt</c>, <c>ca.key</c>, and for each node <c>NODE.crt</c> and <c>NODE.key</c>. ECDSA on P-256, PEM.</summary>
public sealed class CertificateAuthority(string folder, TimeProvider time)
{
    /// <summary>Longer than a cluster lives on one set of machines; a new authority means new certificates for everybody.</summary>
    public static readonly TimeSpan AuthorityLives = TimeSpan.FromDays(3650);

    /// <summary>Certificates of nodes, unless somebody says otherwise. 825 days.</summary>
    public static readonly TimeSpan NodeLives = TimeSpan.FromDays(825);

    /// <summary>Clocks of other machines may be behind.</summary>
    private static readonly TimeSpan ValidBefore = TimeSpan.FromHours(1);

    public string CertificateFile => Path.Combine(folder, "ca.crt");

    public string KeyFile => Path.Combine(folder, "ca.key");

    /// <summary>Makes the authority.</summary>
    /// <exception cref="SettingsException">There is one in the folder: a new one would make every node's certificate worthless.</exception>
    public void Create(string cluster)
    {
        if (File.Exists(CertificateFile) || File.Exists(KeyFile)) throw new SettingsException($"There is an authority in {folder} already; every node's certificate hangs on it. Name another folder for a new one.");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Named($"Connect cluster {cluster}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now - ValidBefore, now + AuthorityLives);
        SecretFile.Write(KeyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem() + "\n");
    }

    /// <summary>Makes a node's certificate, or a new one in the place of its old one.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="hosts">Names and addresses by which others call its daemon and its server.</param>
    /// <param name="lives">How long it is good; at most as long as the authority.</param>
    /// <returns>The certificate's file and the key's.</returns>
    /// <exception cref="SettingsException">There is no authority in the folder, or a host is none.</exception>
    public (string Certificate, string Key) Issue(string node, IReadOnlyCollection<string> hosts, TimeSpan lives)
    {
        if (!File.Exists(CertificateFile) || !File.Exists(KeyFile)) throw new SettingsException($"There is no authority in {folder}. Make one: connect tls init --folder {folder}");
        using var authority = X509Certificate2.CreateFromPem(File.ReadAllText(CertificateFile), SecretFile.Read(KeyFile));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Named(node), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        // A server is a client of its source, with the same certificate.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(Names(hosts));
        var now = time.GetUtcNow();
        var until = now + lives < authority.NotAfter ? now + lives : authority.NotAfter;
        using var certificate = request.Create(authority, now - ValidBefore < authority.NotBefore ? authority.NotBefore : now - ValidBefore, until, RandomNumberGenerator.GetBytes(16));
        var (file, keyFile) = (Path.Combine(folder, $"{node}.crt"), Path.Combine(folder, $"{node}.key"));
        SecretFile.Write(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n");
        return (file, keyFile);
    }

    private static X500DistinguishedName Named(string name)
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.AddCommonName(name.Length <= 64 ? name : name[..64]);
        return builder.Build();
    }

    private static X509Extension Names(IReadOnlyCollection<string> hosts)
    {
        if (hosts.Count == 0) throw new SettingsException("A certificate needs at least one host by which others call the node.");
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
            else if (Uri.CheckHostName(host) == UriHostNameType.Dns) names.AddDnsName(host);
            else throw new SettingsException($"'{host}' is neither an address nor a host's name.");
        }
        return names.Build();
    }
}
