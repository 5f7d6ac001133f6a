using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Connect.RingDaemon.Membership;

/// <summary>
/// From <c>host:port</c> to an endpoint. Literal addresses at once; names are looked up in the background, so that a slow name server never holds up the loop,
/// and again after a minute, because a machine that was replaced keeps its name and not its address. The last good answer stays in use.
/// </summary>
internal sealed class AddressBook(TimeProvider time)
{
    private const int Capacity = 512;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Null while it is not known.</summary>
    public SocketAddress? Find(string address)
    {
        if (!_entries.TryGetValue(address, out var entry))
        {
            if (_entries.Count >= Capacity) _entries.Clear();
            entry = IPEndPoint.TryParse(address, out var literal) ? new(literal.Serialize(), null) : new(null, long.MinValue);
            _entries[address] = entry;
        }
        if (entry.LookedUp is { } at && (at == long.MinValue || time.GetElapsedTime(at) > LookAgain))
        {
            _entries[address] = entry with { LookedUp = time.GetTimestamp() };
            _ = LookUp(address);
        }
        return entry.Found;
    }

    private async Task LookUp(string address)
    {
        var colon = address.LastIndexOf(':');
        try
        {
            var found = await Dns.GetHostAddressesAsync(address[..colon], AddressFamily.InterNetwork);
            if (found.Length > 0 && int.TryParse(address[(colon + 1)..], out var port))
                _entries[address] = new(new IPEndPoint(found[0], port).Serialize(), time.GetTimestamp());
        }
        catch (SocketException)
        {
            // Unknown for now; the next packet after a minute asks again, and exchanges over HTTP do not depend on it.
        }
    }

    /// <param name="LookedUp">Null for a literal address; otherwise when it was asked for last.</param>
    private sealed record Entry(SocketAddress? Found, long? LookedUp);
}
