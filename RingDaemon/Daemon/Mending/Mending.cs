using System.Data.Common;
using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>What came of it.</summary>
/// <param name="Fault">Why it is not done, and is tried again later; null if it is done.</param>
/// <param name="Identity">Who the server is from now on; null if it is not done.</param>
public sealed record MendingResult(string? Fault, ServerIdentity? Identity);

/// <summary>
/// Puts right a server whose numbers cannot be trusted or continued: an old backup, a lost tail, an identity that somebody else has, a position whose logs are purged everywhere.
/// It does so by rows, which are immutable and hence can always be united, and only then by numbers:
/// <list type="number">
/// <item>Stop replicating.</item>
/// <item>Save: the donor takes over every row that only this node has, as writes of its own.</item>
/// <item>Bring over every row that the donor has, outside the own log; then ask for its position P.</item>
/// <item>Retire the identity, unless every number it ever used is in P.</item>
/// <item>Forget the own position and log, and stand at P: every row that was brought is of a transaction in P.</item>
/// <item>Bring over the rest, which the donor wrote while its rows were read, as writes of one's own: a row that is here and in no log but that of a donor that then loses its disk would never reach the others
/// (simulate --seed 8139, 83098).</item>
/// </list>
/// Without a donor, when nobody else is left, the identity is retired and the server stands where it stood.
/// Each step may be done again, so whoever is interrupted begins anew; until the last step is done the node is nobody's source and takes no writes.
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
            var noted = note.Current ?? new Unfinished(damage, before);
            void At(MendingStep step) => note.Write(noted with { At = step });
            At(MendingStep.Save);
            await own.StopAsync(cancel);
            var saved = donor is null ? 0 : await hands.SaveAsync(donor, cancel);
            // A donor that is put back to an older copy of itself meanwhile sends fewer rows than it had at a position it told before (simulate --seed 1937).
            async Task<GtidSet> DonorsAsync(GtidSet? earlier)
            {
                var now = await hands.SettledPositionAsync(donor!, cancel);
                return earlier is null || now.Contains(earlier) ? now : throw new MendingException($"{donor!.Name} lost transactions meanwhile");
            }
            var atFirst = donor is null ? null : await DonorsAsync(null);
            At(MendingStep.BringOver);
            var brought = donor is null ? 0 : await hands.BringOverAsync(donor, logged: false, cancel);
            var executed = await own.PositionAsync(cancel);
            var position = donor is null ? executed : await DonorsAsync(atFirst);
            // A server that was renewed and then cut off may have written under its new identity already: it gets yet another one.
            var unknown = !position.Contains(executed.Only(before.Origin));
            var changes = noted.NewServerId is not null || noted.Damage.RetiresIdentity || !position.Contains(executed.Only(noted.Found.Origin)) || !before.IsSameAs(noted.Found);
            if (unknown || (changes && !noted.IsRenewed(before)))
            {
                noted = noted with { NewServerId = noted.NewServerId is { } chosen && !noted.IsRenewed(before) ? chosen : hands.NewServerId() };
                At(MendingStep.Renew);
                await hands.RenewIdentityAsync(before, noted.NewServerId.Value, cancel);
            }
            At(MendingStep.Stand);
            await own.AdoptAsync(position, cancel);
            var after = await own.IdentityAsync(cancel);
            if (!(noted.NewServerId is null ? after.IsSameAs(before) : noted.IsRenewed(after))) throw new MendingException($"its identity changed meanwhile, to server id {after.ServerId} and origin {after.Origin}");
            if (donor is not null)
            {
                At(MendingStep.BringRest);
                brought += await hands.BringOverAsync(donor, logged: true, cancel);
                await DonorsAsync(position);
            }
            note.Write(null);
            var identity = after.Origin == noted.Found.Origin ? $"still server id {after.ServerId}" : $"server id {noted.Found.ServerId} and origin {noted.Found.Origin} are retired, now {after.ServerId}, {after.Origin}";
            audit.Add(action, $"{damage.Why}; {(donor is null ? "nobody else is there" : $"united with {donor.Name}")}",
                $"done in {time.GetElapsedTime(started).TotalSeconds:0.0} s: {saved} rows only it had are saved, {brought} it lacked are here, {identity}, at [{position}]");
            return new(null, after);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException or MendingException or IOException)
        {
            audit.Add(action, $"{damage.Why}; donor {donor?.Name ?? "nobody"}", $"not done: {e.Message}");
            return new(e.Message, null);
        }
    }
}
