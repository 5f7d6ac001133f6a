using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>All checkers of one run; each is told of everything.</summary>
internal sealed class Checks
{
    private readonly Checker[] _all;

    public Checks(SimulatedRing ring, Story story) => _all =
    [
        new NoAcknowledgedPostIsLost(ring),
        new NoOriginIsReused(ring),
        new NothingIsAppliedTwice(),
        new NobodyRepointsInCircles(ring),
        new NobodyFollowsInVain(ring),
        new NoPauseMovesAnybody(ring, story),
        new NobodyServesTooEarly(ring),
        new NobodyLeavesWithPosts(ring),
        new ACutLinkIsGoneAround(ring, story),
        new OnlyOneSideWrites(ring, story),
    ];

    /// <summary>The first rule that was broken.</summary>
    public Violation? Found { get; private set; }

    /// <summary>A liveness rule was broken: what should have come true did not.</summary>
    public void Never(string rule, string what) => Found ??= new(rule, what);

    public void Committed(SimulatedServer server, in Transaction transaction, bool isNew)
    {
        foreach (var checker in _all) checker.Committed(server, transaction, isNew);
        Collect();
    }

    public void Acknowledged(in Transaction post)
    {
        foreach (var checker in _all) checker.Acknowledged(post);
        Collect();
    }

    public void DiskReplaced(SimulatedServer server, ServerDisk before) => Tell(c => c.DiskReplaced(server, before));

    public void Pointed(SimulatedServer server, SimulatedServer source) => Tell(c => c.Pointed(server, source));

    public void Serves(SimulatedDaemon daemon, bool serving) => Tell(c => c.Serves(daemon, serving));

    public void ServerStarted(SimulatedDaemon daemon) => Tell(c => c.ServerStarted(daemon));

    public void Left(SimulatedDaemon daemon) => Tell(c => c.Left(daemon));

    public void Began(Fault fault) => Tell(c => c.Began(fault));

    public void Ended(Fault fault) => Tell(c => c.Ended(fault));

    public void Mended() => Tell(c => c.Mended());

    public void Rested() => Tell(c => c.Rested());

    private void Tell(Action<Checker> of)
    {
        foreach (var checker in _all) of(checker);
        Collect();
    }

    private void Collect()
    {
        foreach (var checker in _all) Found ??= checker.Found;
    }
}
