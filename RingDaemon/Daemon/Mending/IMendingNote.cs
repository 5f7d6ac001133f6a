using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>What must be remembered while a server is put right: a daemon that is killed in the middle goes on where it has to.</summary>
/// <param name="Damage">What was wrong.</param>
/// <param name="Found">Who the server was then.</param>
/// <param name="At">What is being done: all of it is begun anew, whatever it was, but a server that only had to catch up is not renewed a second time.</param>
/// <param name="NewServerId">The server id that it gets; null while it need not be renewed. Nobody else can have that one, so a server that has it is renewed.</param>
/// <param name="HasUnlogged">Some rows were brought over, in an earlier attempt, and may be in nobody's log.</param>
public sealed record Unfinished(Damage Damage, ServerIdentity Found, MendingStep At = MendingStep.Save, uint? NewServerId = null, bool HasUnlogged = false)
{
    /// <summary>A renewal that was cut off may have changed half of it only, and any other identity may be that of another server (simulate --seed 4743).</summary>
    public bool IsRenewed(ServerIdentity now) => now.ServerId == NewServerId && now.Origin != Found.Origin;
}

/// <summary>The steps of <see cref="Mending"/> that take time.</summary>
public enum MendingStep { Save, BringOver, Renew, Stand, CatchUp }

/// <summary>Keeps it.</summary>
public interface IMendingNote
{
    /// <summary>Null if nothing is unfinished.</summary>
    Unfinished? Current { get; }

    void Write(Unfinished? unfinished);
}
