using Connect.Node.Database;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Simulation.Plants;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation;

/// <summary>What <see cref="Mending"/> does, done to simulated servers: each step takes time, and can be interrupted between any two.</summary>
/// <param name="daemon">Whose.</param>
/// <param name="members">The others, by name.</param>
/// <param name="nextServerId">What the local ring's <c>renew</c> does: an id that was never given out.</param>
/// <param name="plant">A bug that is put in on purpose.</param>
internal sealed class SimulatedHands(SimulatedDaemon daemon, Func<string, SimulatedDaemon> members, Func<uint> nextServerId, PlantedBug plant) : IMendingHands
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RowsTake = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RestartTakes = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan RestartMayTake = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public async Task<long> SaveAsync(Member donor, CancellationToken cancel)
    {
        await daemon.PassAsync(RowsTake);
        return await daemon.AskAsync<long?>(members(donor.Name), Deadline, other =>
        {
            if (other.Report.Phase != Phase.Serving || other.Server.Identity.Origin != donor.Facts.Origin) return null;
            var missing = daemon.Server.Disk.Rows.Except(other.Server.Disk.Rows);
            if (!plant.MendsUnsaved) foreach (var row in missing) other.Server.Write(row, _ => { });
            return missing.Count;
        }) ?? throw new MendingException($"{donor.Name} does not serve any more");
    }

    public Task<GtidSet> SettledPositionAsync(Member donor, CancellationToken cancel) => daemon.AskAsync(members(donor.Name).Server, Deadline, s => s.Executed);

    public async Task<long> BringOverAsync(Member donor, CancellationToken cancel)
    {
        await daemon.PassAsync(RowsTake);
        return await daemon.AskAsync(members(donor.Name), Deadline, other =>
        {
            var before = daemon.Server.Disk.Rows.Count;
            daemon.Server.Disk.Add(other.Server.Disk);
            return (long)daemon.Server.Disk.Rows.Count - before;
        });
    }

    public uint NewServerId() => nextServerId();

    public async Task RenewIdentityAsync(ServerIdentity retired, uint serverId, CancellationToken cancel)
    {
        // A process of its own: it goes on if the daemon dies.
        daemon.RestartServer(serverId, RestartTakes);
        for (var waited = TimeSpan.Zero; daemon.Server.Power != Power.On || daemon.Server.Identity.ServerId != serverId; waited += LookEvery)
        {
            if (waited > RestartMayTake) throw new MendingException("its server did not come back under a new identity");
            await daemon.PassAsync(LookEvery);
        }
    }
}

/// <summary>A file in a state folder: it outlives the process, and goes with the disk.</summary>
internal sealed class SimulatedNote : IMendingNote
{
    public Unfinished? Current { get; private set; }

    public void Write(Unfinished? unfinished) => Current = unfinished;
}
