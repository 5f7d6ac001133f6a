using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>What was found while a joining node compared itself with the others.</summary>
/// <param name="Done">It holds all that they held when it first looked.</param>
/// <param name="Damage">Why it cannot get there as it is, or null. <see cref="DamageKind.LogsPurged"/> may pass: a member that was not asked may still have the logs.</param>
/// <param name="Missing">How many transactions it still lacks of that goal.</param>
/// <param name="Sent">The member it replicates from holds some of what is missing.</param>
/// <param name="Written">The last number that its server has of its own; 0 if none.</param>
/// <param name="Reached">It holds all that it must since it was put right. With nobody else there it may be done without.</param>
public sealed record CatchUpResult(bool Done, Damage? Damage, long Missing, long Written, bool Sent = false, bool Reached = true);

/// <summary>
/// Compares a joining node with the members that can be asked. The goal is what those who serve held when they were first asked: a moving goal would keep a node out for as long as
/// people post. What only another joining node holds is no part of it while anybody serves: nobody replicates from that one yet, so two nodes that came back with rows of their own
/// would wait for each other for ever (simulate --seed 906); and whoever stops serving, or loses its disk, drops out of the goal.
/// </summary>
public sealed class CatchUp(IReplicationServer server, Peers peers)
{
    private static readonly TimeSpan PerMember = TimeSpan.FromSeconds(1);

    /// <summary>What each held when it first answered; by name and origin, for a rebuilt member is another one.</summary>
    private readonly Dictionary<(string Name, string Origin), GtidSet> _first = [];

    private int _life;

    /// <summary>Starts over: the node is joining anew. A look that is under way says nothing any more.</summary>
    public void Restart()
    {
        _first.Clear();
        _life++;
    }

    /// <param name="others">The other members whose servers are up.</param>
    /// <param name="source">The member it replicates from, or null.</param>
    /// <param name="origin">What this server's own transactions are counted under.</param>
    /// <param name="mustReach">What it must hold besides, because rows of it are here already (<see cref="Mending"/>); or null.</param>
    /// <returns>Null if it was started over meanwhile.</returns>
    public async Task<CatchUpResult?> LookAsync(IReadOnlyCollection<Member> others, string? source, string origin, GtidSet? mustReach, CancellationToken cancel)
    {
        var life = _life;
        var asked = await Task.WhenAll(others.Select(async m => (Member: m, Position: await AskAsync(m, cancel))));
        var answered = asked.Where(a => a.Position is not null).Select(a => (a.Member, Position: a.Position!)).ToArray();
        var answers = answered.Select(a => a.Position).ToArray();
        var own = await server.PositionAsync(cancel);
        if (life != _life) return null;
        var written = own[origin] is [.., var last] ? last.Last : 0;

        // Rule 5: whoever holds more of my own transactions than I do has seen numbers that I would use a second time.
        var lost = answers.Select(a => a.Executed.Only(origin).Except(own)).MaxBy(l => l.Count);
        if (lost is { IsEmpty: false })
        {
            return new(false, new(DamageKind.LostTail, $"this server lost {lost.Count} transactions it had sent to others ({lost})"), lost.Count, written);
        }
        var unreached = mustReach?.Except(own) ?? GtidSet.Empty(own.Engine);
        if (answers.Length == 0) return new(others.Count == 0, null, 0, written, Reached: unreached.IsEmpty);
        foreach (var (member, position) in answered) _first.TryAdd((member.Name, position.Identity.Origin), position.Executed);
        var serves = answered.Where(a => Serves(a.Member)).ToArray();
        // Who answered once and does not this time still counts: an answer that is lost makes nobody's posts unimportant (simulate --seed 6190).
        var silent = asked.Where(a => a.Position is null && Serves(a.Member)).Select(a => _first.GetValueOrDefault((a.Member.Name, a.Member.Facts.Origin))).OfType<GtidSet>();
        GtidSet[] goals = [.. serves.Select(First), .. silent];
        var goal = (goals.Length > 0 ? goals : answered.Select(First)).Aggregate(GtidSet.Empty(own.Engine), (all, held) => all.Union(held));
        var missing = goal.Except(own).Count;
        if (missing == 0)
        {
            return unreached.IsEmpty ? new(true, null, 0, written)
                : new(false, new(DamageKind.LogsPurged, $"this server was brought rows of {unreached.Count} transactions ({unreached}) that no member has in its log any more"), unreached.Count, written, Reached: false);
        }
        GtidSet First((Member Member, PeerPosition Position) a) => _first[(a.Member.Name, a.Position.Identity.Origin)];
        bool HoldsSome(PeerPosition member) => !goal.Except(own).Except(goal.Except(member.Executed)).IsEmpty;
        var sent = answered.Any(a => a.Member.Name == source && HoldsSome(a.Position));
        // If everyone who serves and holds some of it has purged what is needed to get there, no order of the ring brings it here.
        var purged = serves.Select(a => a.Position).Where(HoldsSome).Select(a => a.Purged.Except(own)).ToArray();
        return purged.Length > 0 && purged.All(p => !p.IsEmpty)
            ? new(false, new(DamageKind.LogsPurged, $"this server lacks {missing} transactions, and every member that serves has purged logs it needs ({purged[0]})"), missing, written, sent)
            : new(false, null, missing, written, sent);
    }

    private static bool Serves(Member member) => member.Facts.Phase is Phase.Serving or Phase.Leaving;

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
