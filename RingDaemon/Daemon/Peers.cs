using System.Collections.Concurrent;
using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>The other members' servers, each with one connection that is kept while the member keeps its address.</summary>
public sealed class Peers(Func<MemberFacts, IPeerServer> connect) : IDisposable
{
    private readonly ConcurrentDictionary<(string Name, ServerAddress Address, string Origin), IPeerServer> _servers = new();

    public IPeerServer this[Member member] => _servers.GetOrAdd(
        (member.Name, new(member.Facts.MysqlHost, member.Facts.MysqlPort), member.Facts.Origin), static (_, p) => p.connect(p.Facts), (connect, member.Facts));

    /// <summary>Forgets connections to whoever is no longer in the view under this address.</summary>
    public void KeepOnly(View view)
    {
        foreach (var key in _servers.Keys)
        {
            if (view.Find(key.Name) is { Liveness: not Liveness.Left } member && key == (member.Name, new(member.Facts.MysqlHost, member.Facts.MysqlPort), member.Facts.Origin)) continue;
            if (_servers.TryRemove(key, out var server)) server.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var server in _servers.Values) server.Dispose();
        _servers.Clear();
    }
}
