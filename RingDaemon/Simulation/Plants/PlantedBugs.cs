using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation.Plants;

/// <summary>The bugs that can be planted; docs/simulator.md has the table, and a test finds each.</summary>
internal static class PlantedBugs
{
    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        // Gossip.
        new("accused-not-told", "suspects and the unreachable are sent no gossip: they cannot refute") { Membership = o => o with { TellTheAccused = false } },
        new("incarnation-reused", "who is accused says it is alive under the incarnation that was accused") { Membership = o => o with { RaisesIncarnation = false } },
        new("no-awareness", "a node that was starved itself trusts its own verdicts as if it were healthy") { Membership = o => o with { AwarenessMaximum = 0 } },
        new("short-suspicion", "the accused have half a second to refute") { Membership = o => o with { SuspicionMultiplier = 2, SuspicionMaximumFactor = 1 } },
        new("acts-on-suspicion", "a suspect is treated as dead: no time to refute") { Sees = (view, _) => Each(view, m => m.Liveness == Liveness.Suspect ? m with { Liveness = Liveness.Unreachable } : m) },

        // Whom to follow.
        new("no-hold-down", "a nearer source is taken back the moment it answers, however often it failed") { Ring = o => o with { GlideBackAfter = TimeSpan.Zero, LongestHoldDown = TimeSpan.Zero } },
        new("objection-for-ever", "a member that refused once is never used again") { Ring = o => o with { ObjectionHolds = TimeSpan.FromDays(1) } },
        new("filter-before-agreement", "each node plans with those that follow somebody, or itself, and not with all: plans do not fit together")
        {
            Sees = (view, me) => view with { Members = [.. view.Members.Where(m => m.Name == me || m.Facts.Source is null || m.Facts.Source == me)] },
        },

        // Positions.
        new("position-not-merged", "a replica begins with what its new source commits next, not with what it lacks") { BeginsAtTheEnd = true },
        new("duplicates-executed", "a replica executes what it knows again") { ExecutesDuplicates = true },
        new("purge-not-checked", "a source is not asked what it has purged") { IgnoresPurged = true },

        // Serving and going.
        new("serves-at-once", "a node serves before it holds what the others hold") { ServesAtOnce = true },
        new("waits-for-joining", "the goal of catching up includes what only another joining node holds")
        {
            Trusts = m => m.Facts.Phase == Phase.Joining ? m with { Facts = m.Facts with { Phase = Phase.Serving } } : m,
        },
        new("leaves-undrained", "a node leaves without asking whether others hold what it knows") { LeavesAtOnce = true },
        new("counted-at-receive", "a copy counts for an acknowledgement when it is received, not when it is executed") { CountsReceived = true },
    ];

    private static View Each(View view, Func<Member, Member> change) => view with { Members = [.. view.Members.Select(change)] };
}
