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

    /// <summary>Where to listen for packets; null for host and port of the daemon's address, which must be a literal one then.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <exception cref="SettingsException">Nobody said where, and the daemon's address is a name.</exception>
    internal IPEndPoint ListenAt() => Listen ?? (IPEndPoint.TryParse(MemberAddress.Of(Facts.DaemonUrl) ?? "", out var literal) ? literal
        : throw new SettingsException($"daemon:url '{Facts.DaemonUrl}' does not say which address to listen on: set daemon:listen."));
}
