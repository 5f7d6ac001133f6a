namespace Connect.RingDaemon.Membership;

/// <summary>Where a member takes packets: host and port of its daemon's HTTP address, over UDP.</summary>
public static class MemberAddress
{
    /// <returns><c>host:port</c>, or null if the address is not an http(s) one.</returns>
    public static string? Of(string daemonUrl) =>
        Uri.TryCreate(daemonUrl, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? $"{uri.Host}:{uri.Port}" : null;
}
