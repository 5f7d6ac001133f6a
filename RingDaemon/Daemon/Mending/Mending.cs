using System.Data.Common;
using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>What came of it.</summary>
/// <param name="Fault">Why it is not done, and is tried again later; null if it is done.</param>
/// <param name="Identity">Who the server is from now on; null if it is not done.</param>
/// <param name="MustReach">What it must hold before it may serve; null if there was no donor.</param>
public sealed record MendingResult(string? Fault, ServerIdentity? Identity, GtidSet? MustReach = null);

/// <summary>
/// Puts right a server whose numbers cannot be trusted or continued: an old backup, a lost tail, an identity that somebody else has, a position whose logs are purged everywhere.
/// It does so by rows, which are immutable and hence can always be united, and only then by numbers:
/// <list type="number">
/// <item>Stop replicating.</item>
/// <item>Save: the donor takes over every row that only this node has, as writes of its own.</item>
/// <item>Bring over every row that the donor had at a position P.</item>
/// <item>Retire the identity, unless every number it ever used is in P.</item>
/// <item>Forget the own position and log, and stand at P: from there replication goes on as for any other member.</item>
/// <item>Catch up to where the donor was when all had been read. Until then a row that the donor wrote meanwhile may be here and in no log but the donor's: if that is lost with its disk, everything begins anew, and the row is saved (simulate --seed 8139).</item>
/// </list>
/// Without a donor, when nobody else is left, the identity is retired and the server stands where it stood. If an earlier attempt brought rows that may be in nobody's log, it claims one transaction that nobody
/// has: whoever joins lacks it, finds it in no log, and is united with this server by rows (simulate --seed 83098).
/// Each step may be done again, so whoever is interrupted begins anew; until the last step is done the node takes no writes. The last one is <see cref="AgentCore"/>'s to end.
/// </summary>
public sealed class Mending(IReplicationServer own, IMendingHands hands, IMendingNote note, IAudit audit, TimeProvider time)
{
    public async Task<MendingResult> RunAsync(Damage damage, Member? donor, CancellationToken cancel)
    {
        const string action = "mend this server";
        var started = time.GetTimestamp();
        try
        {
            var before = await own.IdentityAsync(cancel);
            // Written down before anything is changed: a half-mended server must never pass for a whole one.
            var noted = note.Current switch
            {
                null => new Unfinished(damage, before),
                { At: MendingStep.CatchUp } stood => stood with { Damage = damage },
                var cutOff => cutOff,
            };
            noted = noted with { HasUnlogged = noted.HasUnlogged || noted.At >= MendingStep.BringOver };
            void At(MendingStep step) => note.Write(noted with { At = step });
            At(MendingStep.Save);
            await own.StopAsync(cancel);
            var saved = donor is null ? 0 : await hands.SaveAsync(donor, cancel);
            var position = donor is null ? await own.PositionAsync(cancel) : await hands.SettledPositionAsync(donor, cancel);
            At(MendingStep.BringOver);
            var brought = donor is null ? 0 : await hands.BringOverAsync(donor, cancel);
            // A donor that was put back to an older copy of itself meanwhile sent fewer rows than it had at that position (simulate --seed 1937).
            var mustReach = donor is null ? null : await hands.SettledPositionAsync(donor, cancel);
            if (mustReach?.Contains(position) == false) throw new MendingException($"{donor!.Name} lost transactions meanwhile");
            var executed = await own.PositionAsync(cancel);
            var unknown = !position.Contains(executed.Only(noted.Found.Origin)) || !position.Contains(executed.Only(before.Origin));
            if (noted.NewServerId is not null || noted.Damage.RetiresIdentity || unknown || !before.IsSameAs(noted.Found))
            {
                noted = noted with { NewServerId = noted.NewServerId ?? hands.NewServerId() };
                At(MendingStep.Renew);
                if (!noted.IsRenewed(before)) await hands.RenewIdentityAsync(before, noted.NewServerId.Value, cancel);
            }
            At(MendingStep.Stand);
            if (donor is null && noted.HasUnlogged) position = position.WithOneMoreOf((await own.IdentityAsync(cancel)).Origin);
            await own.AdoptAsync(position, cancel);
            var after = await own.IdentityAsync(cancel);
            if (!(noted.NewServerId is null ? after.IsSameAs(before) : noted.IsRenewed(after))) throw new MendingException($"its identity changed meanwhile, to server id {after.ServerId} and origin {after.Origin}");
            note.Write(donor is null ? null : new(new(DamageKind.LogsPurged, $"its daemon ended before it had caught up with {donor.Name}, from which it had rows"), after, MendingStep.CatchUp));
            var identity = after.Origin == noted.Found.Origin ? $"still server id {after.ServerId}" : $"server id {noted.Found.ServerId} and origin {noted.Found.Origin} are retired, now {after.ServerId}, {after.Origin}";
            audit.Add(action, $"{damage.Why}; {(donor is null ? "nobody else is there" : $"united with {donor.Name}")}",
                $"done in {time.GetElapsedTime(started).TotalSeconds:0.0} s: {saved} rows only it had are saved, {brought} it lacked are here, {identity}, at [{position}]");
            return new(null, after, mustReach);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException or MendingException or IOException)
        {
            audit.Add(action, $"{damage.Why}; donor {donor?.Name ?? "nobody"}", $"not done: {e.Message}");
            return new(e.Message, null);
        }
    }
}
