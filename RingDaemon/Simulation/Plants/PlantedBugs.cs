using Connect.Node.Settings;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Simulation.Plants;

/// <summary>The bugs that can be planted; docs/simulator.md has the table. A test finds each that says within how many seeds.</summary>
internal static class PlantedBugs
{
    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        // Gossip.
        new("accused-not-told", "suspects and the unreachable are sent no gossip: they cannot refute") { FoundBy = ["false-bridge"], Within = 5, Draw = StoryDraw.ShortPauses, Membership = o => o with { TellTheAccused = false } },
        new("incarnation-reused", "who is accused says it is alive under the incarnation that was accused") { FoundBy = ["packet-storm"], Within = 20, Membership = o => o with { RaisesIncarnation = false } },
        new("short-suspicion", "the accused have 0.6 s to refute") { FoundBy = ["false-bridge"], Within = 40, Draw = StoryDraw.ShortPauses, Membership = o => o with { SuspicionMultiplier = 2, SuspicionMaximumFactor = 1 } },
        new("acts-on-suspicion", "a suspect is treated as dead: no time to refute") { FoundBy = ["false-bridge"], Within = 5, Draw = StoryDraw.ShortPauses, Sees = (view, _) => Each(view, m => m.Liveness == Liveness.Suspect ? m with { Liveness = Liveness.Unreachable } : m) },

        // Whom to follow.
        new("no-hold-down", "a nearer source is taken back the moment it answers, however often it failed") { FoundBy = ["circles"], Within = 10, Draw = StoryDraw.Flapping, Ring = o => o with { GlideBackAfter = TimeSpan.Zero, LongestHoldDown = TimeSpan.Zero } },
        new("objection-for-ever", "a member that refused once is never used again") { FoundBy = ["ring-open", "divergence"], Within = 40, Ring = o => o with { ObjectionHolds = TimeSpan.FromDays(1) } },
        new("filter-before-agreement", "each node plans with those that follow somebody, or itself, and not with all: plans do not fit together")
        { FoundBy = ["circles", "never-formed"], Within = 10,
            Sees = (view, me) => view with { Members = [.. view.Members.Where(m => m.Name == me || m.Facts.Source is null || m.Facts.Source == me)] },
        },
        new("bad-links-ignored", "nobody hears which links are broken") { FoundBy = ["link-open"], Within = 5, Draw = StoryDraw.OneCutLink, Sees = (view, _) => Each(view, m => m with { Facts = m.Facts with { Unreached = NameList.None } }) },

        // The smaller side.
        new("counts-the-living", "members that are believed dead are not counted: each side of a partition is the majority of itself")
        { FoundBy = ["both-sides-write"], Within = 10, Draw = StoryDraw.Partitions, Sees = (view, _) => view with { Members = [.. view.Members.Where(m => m.Liveness != Liveness.Unreachable)] } },

        // Positions.
        new("position-not-merged", "a replica begins with what its new source commits next, not with what it lacks") { FoundBy = ["ring-open", "divergence", "served-too-early"], Within = 5, BeginsAtTheEnd = true },
        new("duplicates-executed", "a replica executes what it knows again") { FoundBy = ["applied-twice"], Within = 3, ExecutesDuplicates = true },
        new("purge-not-checked", "a source is not asked what it has purged") { FoundBy = ["hopeless-source"], Within = 5, Draw = StoryDraw.Purges, IgnoresPurged = true },
        new("lost-tail-not-checked", "a server that came back with fewer transactions of its own than it had goes on as if nothing were missing") { FoundBy = ["served-too-early", "origin-reused"], Within = 3, Draw = OldBackup, MissesLostTail = true },

        // Serving and going.
        new("serves-at-once", "a node serves before it holds what the others hold") { FoundBy = ["served-too-early"], Within = 20, ServesAtOnce = true },
        new("opens-before-compared", "a server takes writes before its daemon has compared it with the others") { FoundBy = ["origin-reused"], Within = 3, Draw = SwappedDisk, BeginsOpen = true },
        new("mending-does-not-save", "rows that only a node had are not saved before it is put right") { FoundBy = ["divergence"], Within = 3, Draw = OldBackupOfItsOwn, MendsUnsaved = true },
        new("waits-for-joining", "the goal of catching up includes what only another joining node holds")
        {
            FoundBy = ["ring-open"], Within = 2, Draw = TwoReturn,
            Trusts = m => m.Facts.Phase == Phase.Joining ? m with { Facts = m.Facts with { Phase = Phase.Serving } } : m,
        },
        new("leaves-undrained", "a node leaves without asking whether others hold what it knows") { FoundBy = ["left-with-posts"], Within = 10, Draw = Backlog, LeavesAtOnce = true },
        new("counted-at-receive", "a copy counts for an acknowledgement when it is received, not when it is executed") { FoundBy = ["lost-post"], Within = 3, Draw = BacklogAndLostDisk, CountsReceived = true },
    ];

    /// <summary>A node leaves while the others are behind with what it wrote.</summary>
    private static Story Backlog(ulong seed) =>
        Told(seed, "nodes 3; post-every 0.050; lasts 14; at 1 slow-apply n2 for 12; at 1 slow-apply n3 for 12; at 7 leave n1");

    /// <summary>A disk is lost while the others have received what is on it, and have not applied it.</summary>
    private static Story BacklogAndLostDisk(ulong seed) =>
        Told(seed, "nodes 3; post-every 0.050; lasts 14; at 1 slow-apply n2 for 12; at 1 slow-apply n3 for 12; at 7 lose-disk n1");

    /// <summary>Two nodes write on while they are cut off, end, and come back together, each with rows of its own; two others serve, so nobody follows those that come back.</summary>
    private static Story TwoReturn(ulong seed) =>
        Told(seed, "nodes 4; post-every 0.050; lasts 16; at 3 isolate n3 for 5; at 3 isolate n4 for 5; at 5 kill-node n3; at 5 kill-node n4; at 10 mend n3; at 10 mend n4");

    private static Story OldBackup(ulong seed) => Told(seed, "nodes 3; post-every 0.050; lasts 16; at 3 restore-backup n2 for 4; at 8 mend n2");

    /// <summary>The backup holds rows that were written while the node was cut off.</summary>
    private static Story OldBackupOfItsOwn(ulong seed) => Told(seed, "nodes 3; post-every 0.050; lasts 18; at 3 isolate n2 for 10; at 4.500 restore-backup n2 for 3; at 8 mend n2");

    private static Story SwappedDisk(ulong seed) => Told(seed, "nodes 3; post-every 0.010; lasts 12; at 3 swap-backup n2 for 4; at 9 kill-server n2");

    private static Story Told(ulong seed, string story) => StoryText.Read(story) with { Seed = seed, Engine = seed % 2 == 0 ? Engine.MySQL : Engine.MariaDB };

    private static View Each(View view, Func<Member, Member> change) => view with { Members = [.. view.Members.Select(change)] };
}
