using Connect.RingDaemon.Simulation.Faults;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation.Checkers;

/// <summary>
/// One rule, watched from outside: it sees disks, commits and changes of sources as they happen in the simulated world, and asks no daemon what it believes.
/// </summary>
/// <param name="rule">Its name, lower case with hyphens.</param>
internal abstract class Checker(string rule)
{
    public string Rule => rule;

    /// <summary>The first thing it found.</summary>
    public Violation? Found { get; private set; }

    /// <summary>A server committed something.</summary>
    /// <param name="isNew">The row was not there.</param>
    public virtual void Committed(SimulatedServer server, in Transaction transaction, bool isNew) { }

    /// <summary>An author was told that a post is safe.</summary>
    public virtual void Acknowledged(in Transaction post) { }

    /// <summary>A server came up with another disk than it had.</summary>
    public virtual void DiskReplaced(SimulatedServer server, ServerDisk before) { }

    /// <summary>A server was pointed at a source.</summary>
    public virtual void Pointed(SimulatedServer server, SimulatedServer source) { }

    /// <summary>A node says that it serves, or that it does not any more.</summary>
    public virtual void Serves(SimulatedDaemon daemon, bool serving) { }

    /// <summary>A node's server was started under the eyes of its daemon.</summary>
    public virtual void ServerStarted(SimulatedDaemon daemon) { }

    /// <summary>A node has left for good.</summary>
    public virtual void Left(SimulatedDaemon daemon) { }

    public virtual void Began(Fault fault) { }

    public virtual void Ended(Fault fault) { }

    /// <summary>Everything is mended; from now on nothing breaks.</summary>
    public virtual void Mended() { }

    /// <summary>The ring is closed and equal, nobody posts any more, and it was left alone for a while.</summary>
    public virtual void Rested() { }

    protected void Violated(string what) => Found ??= new(rule, what);
}
