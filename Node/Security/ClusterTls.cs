using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Connect.Node.Settings;

namespace Connect.Node.Security;

/// <summary>TLS between the programs of a cluster: whom to believe, and what to show.</summary>
public static class ClusterTls
{
    /// <summary>Believes only certificates that this authority signed, for the host that is called; neither the system's authorities nor anything else.</summary>
    /// <param name="caFile">The authority's certificate (PEM); null or empty believes nobody, and nothing but plain HTTP can be spoken.</param>
    /// <exception cref="SettingsException">The file holds no certificate.</exception>
    public static SslClientAuthenticationOptions Trust(string? caFile)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        if (!string.IsNullOrEmpty(caFile)) policy.CustomTrustStore.Add(Read(caFile, () => X509Certificate2.CreateFromPem(File.ReadAllText(caFile))));
        return new() { CertificateChainPolicy = policy };
    }

    /// <summary>What this node shows.</summary>
    /// <exception cref="SettingsException">A file is missing, cannot be used, or is a key that others may read; or the certificate is over.</exception>
    public static X509Certificate2 Own(TlsSettings tls, TimeProvider time)
    {
        var key = SecretFile.Read(tls.Key);
        var certificate = Read(tls.Certificate, () => X509Certificate2.CreateFromPem(File.ReadAllText(tls.Certificate), key));
        return certificate.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime ? certificate
            : throw new SettingsException($"{tls.Certificate} was valid until {certificate.NotAfter:yyyy-MM-dd}: issue a new one with 'connect tls issue', then start the daemon again.");
    }

    private static X509Certificate2 Read(string file, Func<X509Certificate2> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{file} cannot be used as a certificate: {e.Message}", e);
        }
    }
}
