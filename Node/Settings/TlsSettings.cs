namespace Connect.Node.Settings;

/// <summary>
/// Certificates of a cluster's own authority (<c>connect tls init</c>, <c>connect tls issue</c>): between daemons when <c>daemon:url</c> is https, and to servers when
/// <c>database:tls</c> is on. Files in PEM; relative paths start at the settings file.
/// </summary>
public sealed class TlsSettings
{
    /// <summary>The authority's certificate. Nobody is believed who does not show a certificate that it signed, for the address that was called.</summary>
    public string Ca { get; set; } = "";

    /// <summary>This node's certificate, for the hosts of <c>daemon:url</c> and <c>database:host</c>. Read when the daemon starts.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>Its private key; only its owner may read it.</summary>
    public string Key { get; set; } = "";
}
