using System.Net;
using System.Net.Sockets;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Hooks;

/// <summary>
/// Which addresses the board may be made to call. Whoever registers a webhook must not reach through the board what only the board's machine reaches: its own services, its network's, or a
/// cloud's (169.254.169.254). What is not plainly public is refused (IANA's special-purpose registries).
/// </summary>
public static class ReachableAddresses
{
    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("fc00::/7"),
    ];

    /// <summary>Nobody's, everybody's, or a way around: link-local, multicast, reserved, documentation, and IPv6 addresses that hold an IPv4 one.</summary>
    private static readonly IPNetwork[] Never =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("192.88.99.0/24"), IPNetwork.Parse("198.18.0.0/15"),
        IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("224.0.0.0/3"),
        IPNetwork.Parse("2001::/23"), IPNetwork.Parse("2001:db8::/32"), IPNetwork.Parse("2002::/16"), IPNetwork.Parse("3fff::/20"),
    ];

    private static readonly IPNetwork Public6 = IPNetwork.Parse("2000::/3");

    public static bool Allows(IPAddress address, HookSettings settings)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return settings.AllowLoopback;
        if (Array.Exists(Private, n => n.Contains(address))) return settings.AllowPrivate;
        return !Array.Exists(Never, n => n.Contains(address)) && (address.AddressFamily == AddressFamily.InterNetwork || Public6.Contains(address));
    }
}
