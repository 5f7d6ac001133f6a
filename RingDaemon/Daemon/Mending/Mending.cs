using System.Data.Common;
using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// Puts right a server whose numbers cannot be trusted or continued: an old backup, a lost tail, an identity that somebody else has, a position whose logs are purged everywhere.
/// It does so by rows, which are immutable and hence can always be united, and only then by numbers:
/// <list type="number">
/// <item>Stop replicating.</item>
/// <item>Save: the donor takes over every row that only this node has, as writes of its own.</item>
/// <item>Bring over every row that the donor had at a position P.</item>
/// <item>Retire the identity, unless every number it ever used is in P.</item>
/// <item>Forget the own position and log, and stand at P: from there replication goes on as for any other member.</item>
/// </list>
/// Without a donor, when nobody else is left, the identity is retired and the server stands where it stood.
/// Each step may be done again, so whoever is interrupted begins anew; until the last step is done the node is nobody's source and takes no writes.
/// </summary>
public sealed class Mending(IReplicationServer own, IMendingHands hands, IMendingNote note, IAudit audit, TimeProvider time)
{
    /// <returns>Null if it is done, else why not; then it is tried again later.</returns>
    public async Task<string?> RunAsync(Damage damage, Member? donor, CancellationToken cancel)
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
            var position = donor is null ? await own.PositionAsync(cancel) : await hands.SettledPositionAsync(donor, cancel);
            At(MendingStep.BringOver);
            var brought = donor is null ? 0 : await hands.BringOverAsync(donor, cancel);
            // A donor that was put back to an older copy of itself meanwhile sent fewer rows than it had at that position (simulate --seed 1937).
            if (donor is not null && !(await hands.SettledPositionAsync(donor, cancel)).Contains(position)) throw new MendingException($"{donor.Name} lost transactions meanwhile");
            var unknown = (await own.PositionAsync(cancel)).Only(noted.Found.Origin).Except(position);
            // A renewal that was cut off may have changed one of the two only. The version says nothing: servers are upgraded.
            var renewed = before.ServerId != noted.Found.ServerId && before.Origin != noted.Found.Origin;
            if (!renewed && (noted.Damage.RetiresIdentity || !unknown.IsEmpty))
            {
                At(MendingStep.Renew);
                await hands.RenewIdentityAsync(noted.Found, cancel);
            }
            At(MendingStep.Stand);
            await own.AdoptAsync(position, cancel);
            var after = await own.IdentityAsync(cancel);
            note.Write(null);
            var identity = after.Origin == noted.Found.Origin ? $"still server id {after.ServerId}" : $"server id {noted.Found.ServerId} and origin {noted.Found.Origin} are retired, now {after.ServerId}, {after.Origin}";
            audit.Add(action, $"{damage.Why}; {(donor is null ? "nobody else is there" : $"united with {donor.Name}")}",
                $"done in {time.GetElapsedTime(started).TotalSeconds:0.0} s: {saved} rows only it had are saved, {brought} it lacked are here, {identity}, at [{position}]");
            return null;
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException or MendingException or IOException)
        {
            audit.Add(action, $"{damage.Why}; donor {donor?.Name ?? "nobody"}", $"not done: {e.Message}");
            return e.Message;
        }
    }
}
