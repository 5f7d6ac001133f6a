using System.Collections.Concurrent;
using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>The other members' servers, each with one connection that is kept while the member keeps its address.</summary>
public sealed class Peers(Func<MemberFacts, IPeerServer> connect) : IDisposable
{
    private readonly ConcurrentDictionary<Key, IPeerServer> _servers = new();

    public IPeerServer this[Member member] => _servers.GetOrAdd(Key.Of(member), static (_, p) => p.connect(p.Facts), (connect, member.Facts));

    /// <summary>Forgets connections to whoever is no longer in the view under this address.</summary>
    public void KeepOnly(View view)
    {
        foreach (var key in _servers.Keys)
        {
            if (view.Find(key.Name) is { Liveness: not Liveness.Left } member && key == Key.Of(member)) continue;
            if (_servers.TryRemove(key, out var server)) server.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var server in _servers.Values) server.Dispose();
        _servers.Clear();
    }

    /// <summary>A member with another address or another incarnation of its data is another server.</summary>
    private sealed record Key(string Name, ServerAddress Address, string Origin)
    {
        public static Key Of(Member member) => new(member.Name, new(member.Facts.MysqlHost, member.Facts.MysqlPort), member.Facts.Origin);
    }
}
