using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Local;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// Has the own server restarted under an identity that nobody ever had. A daemon may not restart a server by itself, and where the identity is written differs: the settings name a
/// program that does it (<see cref="DatabaseSettings.RenewCommand"/>).
/// </summary>
public sealed partial class IdentityRenewal(NodeSettings settings, IReplicationServer own, IMembership membership, TimeProvider time, ILogger<IdentityRenewal> log)
{
    /// <summary>The program's environment variable with an id that no member has or had.</summary>
    public const string OfferedId = "CONNECT_SERVER_ID";

    /// <summary>
    /// Its environment variable with the id that is retired. The program outlives a daemon that is killed, and may come to its turn when the next daemon has had the server renewed
    /// already: a server that has another id by then is left alone.
    /// </summary>
    public const string RetiredId = "CONNECT_RETIRED_ID";

    /// <summary>Stopping a server with much to write down, and recovering it, may take minutes.</summary>
    private static readonly TimeSpan ToRestart = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>At random from two thousand million: two nodes that need one at the same time must not get the same, and nobody can be asked.</summary>
    public uint NewServerId()
    {
        while (true)
        {
            var id = (uint)RandomNumberGenerator.GetInt32(10_000, int.MaxValue);
            if (membership.Current.Members.All(m => m.Facts.ServerId != id)) return id;
        }
    }

    /// <returns>When the server answers under the new identity.</returns>
    /// <exception cref="MendingException">It does not; the message says what an operator has to do.</exception>
    public async Task RunAsync(ServerIdentity retired, uint serverId, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ToRestart);
        try
        {
            await RestartAsync(retired, serverId, limit.Token);
            while (!await IsRenewedAsync(retired, serverId, limit.Token)) await Task.Delay(LookEvery, time, limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new MendingException($"its server did not come back under a new identity within {ToRestart.TotalMinutes:0} minutes");
        }
    }

    private async Task RestartAsync(ServerIdentity retired, uint serverId, CancellationToken cancel)
    {
        if (settings.Database.RenewCommand is not [var program, ..])
        {
            throw new MendingException($"its server needs a new identity, and database:renewCommand names nobody who gives it one. Stop the server, set server_id "
                + $"{(retired.Engine == Engine.MariaDB ? "and gtid_domain_id " : "")}to {serverId}, {(retired.Engine == Engine.MySQL ? "delete auto.cnf in its data folder, " : "")}and start it again");
        }
        Log.Renewing(log, retired.ServerId);
        try
        {
            var result = await Tool.RunAsync(settings.Database.RenewCommand, ToRestart, cancel, new Dictionary<string, string>
            {
                [OfferedId] = serverId.ToString(CultureInfo.InvariantCulture),
                [RetiredId] = retired.ServerId.ToString(CultureInfo.InvariantCulture),
            });
            if (result.ExitCode != 0) throw new MendingException($"{program} ended with {result.ExitCode}: {LastLine(result.Output) ?? "it said nothing"}");
        }
        catch (LocalRingException e)
        {
            throw new MendingException($"database:renewCommand: {e.Message}", e);
        }
    }

    private async Task<bool> IsRenewedAsync(ServerIdentity retired, uint serverId, CancellationToken cancel)
    {
        try
        {
            var found = await own.IdentityAsync(cancel);
            if (found.ServerId != serverId && found.ServerId != retired.ServerId) throw new MendingException($"its server is to be {serverId}, and came back as {found.ServerId}");
            return found.ServerId == serverId && found.Origin != retired.Origin;
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            return false; // not back yet
        }
    }

    private static string? LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();

    private static partial class Log
    {
        [LoggerMessage(420, LogLevel.Warning, "Server id {Retired} is retired; restarting the server under a new identity")]
        public static partial void Renewing(ILogger logger, uint retired);
    }
}
