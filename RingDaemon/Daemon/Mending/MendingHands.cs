using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>The real ones: rows over the daemons' API, the identity through the operator's command.</summary>
public sealed class MendingHands(NodeSettings settings, DatabaseAccounts accounts, Repair repair, MemberClient members, IdentityRenewal renewal) : IMendingHands
{
    /// <summary>Half an hour: a million rows take a minute or two.</summary>
    private static readonly TimeSpan ToSave = TimeSpan.FromMinutes(30);

    public async Task<long> SaveAsync(Member donor, CancellationToken cancel) =>
        (await members.PostAsync<Saved>(donor.Facts.DaemonUrl, "/v1/repair/take", new { from = settings.Name, origin = donor.Facts.Origin }, ToSave, cancel)
            ?? throw new MendingException($"{donor.Name} does not serve any more, or could not take over the rows that only this node has; its log says which")).Rows;

    public async Task<GtidSet> SettledPositionAsync(Member donor, CancellationToken cancel)
    {
        using var seeding = Seeding.For(settings, accounts);
        return await seeding.SettledPositionAsync(new(donor.Facts.MysqlHost, donor.Facts.MysqlPort), accounts.Seed, cancel);
    }

    public async Task<long> BringOverAsync(Member donor, CancellationToken cancel) =>
        (await repair.UniteAsync(donor.Facts.DaemonUrl, donor.Name, logged: false, cancel) ?? throw new MendingException($"{donor.Name} did not send all of its rows")).Rows;

    public uint NewServerId() => renewal.NewServerId();

    public Task RenewIdentityAsync(ServerIdentity retired, uint serverId, CancellationToken cancel) => renewal.RunAsync(retired, serverId, cancel);

    private sealed record Saved(long Rows);
}
