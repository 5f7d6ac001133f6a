using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>What was found while a joining node compared itself with the others.</summary>
/// <param name="Done">It holds all that they held when it first looked.</param>
/// <param name="Damage">Why it must not serve at all, or null.</param>
/// <param name="Missing">How many transactions it still lacks of that goal.</param>
public sealed record CatchUpResult(bool Done, string? Damage, long Missing);

/// <summary>
/// Compares a joining node with the members that can be asked. The goal is set once, at the first look that reached anybody: everything that those who serve held then.
/// A moving goal would keep a node out for as long as people post. What only another joining node holds is no part of it while anybody serves: nobody replicates from
/// that one yet, so two nodes that came back with rows of their own would wait for each other for ever.
/// </summary>
public sealed class CatchUp(IReplicationServer server, Peers peers)
{
    private static readonly TimeSpan PerMember = TimeSpan.FromSeconds(1);

    private GtidSet? _goal;

    /// <summary>Starts over: the node is joining anew.</summary>
    public void Restart() => _goal = null;

    /// <param name="others">The other members whose servers are up.</param>
    /// <param name="origin">What this server's own transactions are counted under.</param>
    public async Task<CatchUpResult> LookAsync(IReadOnlyCollection<Member> others, string origin, CancellationToken cancel)
    {
        var asked = await Task.WhenAll(others.Select(async m => (Member: m, Position: await AskAsync(m, cancel))));
        var answered = asked.Where(a => a.Position is not null).Select(a => (a.Member, Position: a.Position!)).ToArray();
        var answers = answered.Select(a => a.Position).ToArray();
        var serving = answered.Where(a => a.Member.Facts.Phase is Phase.Serving or Phase.Leaving).Select(a => a.Position).ToArray();
        var own = await server.PositionAsync(cancel);

        // Rule 5: whoever holds more of my own transactions than I do has seen numbers that I would use a second time.
        var lost = answers.Select(a => a.Executed.Only(origin).Except(own)).MaxBy(l => l.Count);
        if (lost is { IsEmpty: false })
        {
            return new(false, $"this server lost {lost.Count} transactions it had sent to others ({lost}); it must be seeded anew under a new identity "
                + "(in a local ring: connect kill, delete its data folder, connect start)", lost.Count);
        }
        if (_goal is null && answers.Length == 0) return new(others.Count == 0, null, 0);
        _goal ??= (serving.Length > 0 ? serving : answers).Aggregate(GtidSet.Empty(own.Engine), (all, a) => all.Union(a.Executed));
        var missing = _goal.Except(own).Count;
        return new(missing == 0, null, missing);
    }

    private async Task<PeerPosition?> AskAsync(Member member, CancellationToken cancel)
    {
        try
        {
            return await peers[member].PositionAsync(PerMember, cancel);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
        {
            return null;
        }
    }
}
