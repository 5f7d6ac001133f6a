using System.Net;
using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Membership;

/// <summary>What a <see cref="MembershipHost"/> needs to know.</summary>
public sealed record MembershipSetup
{
    /// <summary>What this node says about itself at first.</summary>
    public required MemberFacts Facts { get; init; }

    /// <summary>The ring's name.</summary>
    public required string Cluster { get; init; }

    public required IClusterKeys Keys { get; init; }

    /// <summary>Folder for <c>members.json</c>.</summary>
    public required string StateFolder { get; init; }

    public MembershipOptions Options { get; init; } = new();

    /// <summary>Where to listen for packets; null for host and port of the daemon's address.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <exception cref="SettingsException">The daemon's address has no host this machine can listen on.</exception>
    internal IPEndPoint ListenAt()
    {
        if (Listen is not null) return Listen;
        if (MemberAddress.Of(Facts.DaemonUrl) is not { } address) throw new SettingsException($"daemon:url '{Facts.DaemonUrl}' is not an http(s) address.");
        if (IPEndPoint.TryParse(address, out var literal)) return literal;
        var colon = address.LastIndexOf(':');
        try
        {
            var found = Dns.GetHostAddresses(address[..colon], System.Net.Sockets.AddressFamily.InterNetwork);
            return new(found.Length > 0 ? found[0] : IPAddress.Any, int.Parse(address[(colon + 1)..]));
        }
        catch (System.Net.Sockets.SocketException)
        {
            return new(IPAddress.Any, int.Parse(address[(colon + 1)..]));
        }
    }
}
