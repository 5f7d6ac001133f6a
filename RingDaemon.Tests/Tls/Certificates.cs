using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Tests.Tls;

/// <summary>Two authorities: the cluster's, and one that has nothing to do with it.</summary>
internal sealed class Certificates : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("connect-tls-");
    private readonly CertificateAuthority _ours;
    private readonly CertificateAuthority _theirs;

    public Certificates()
    {
        _ours = Found("tests");
        _theirs = Found("strangers");
        Good = Issue(_ours, "good", "127.0.0.1", "localhost");
        ForAnotherHost = Issue(_ours, "elsewhere", "10.9.8.7", "elsewhere.example");
        OfAnotherAuthority = Issue(_theirs, "stranger", "127.0.0.1", "localhost");
    }

    /// <summary>For this machine, by the cluster's authority.</summary>
    public TlsSettings Good { get; }

    public TlsSettings ForAnotherHost { get; }

    /// <summary>For this machine, by somebody else. It believes its own authority.</summary>
    public TlsSettings OfAnotherAuthority { get; }

    /// <summary>A server's options.</summary>
    public static string[] Server(TlsSettings tls) => [$"ssl_ca = {tls.Ca}", $"ssl_cert = {tls.Certificate}", $"ssl_key = {tls.Key}"];

    public void Dispose() => _folder.Delete(recursive: true);

    private CertificateAuthority Found(string name)
    {
        var authority = new CertificateAuthority(_folder.CreateSubdirectory(name).FullName, TimeProvider.System);
        authority.Create(name);
        return authority;
    }

    private static TlsSettings Issue(CertificateAuthority authority, string node, params string[] hosts)
    {
        var (certificate, key) = authority.Issue(node, hosts, CertificateAuthority.NodeLives);
        return new() { Ca = authority.CertificateFile, Certificate = certificate, Key = key };
    }
}
