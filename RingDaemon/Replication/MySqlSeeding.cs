using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>
/// MySQL copies a donor with its clone plugin: data, accounts and executed set, page by page, while the donor is written to. Binary logs are not copied, so
/// the newcomer's purged set is the donor's executed set at that moment: what it cannot send it does not claim to have.
/// </summary>
public sealed class MySqlSeeding(DatabaseSettings settings, Account daemon) : Seeding(settings, daemon)
{
    private const int RestartFailed = 3707; // ER_RESTART_SERVER_FAILED: cloned, but nobody supervises mysqld: it has shut down

    public override Task<GtidSet> AfterRestartAsync(CancellationToken cancel = default) => Own.RunAsync(connection =>
    {
        // The copy includes the donor's replication settings; this node's source is for its daemon to decide.
        connection.Execute("STOP REPLICA");
        connection.Execute("RESET REPLICA ALL");
        return GtidSet.Parse(Engine.MySQL, connection.ExecuteScalar<string>("SELECT @@GLOBAL.gtid_executed"));
    }, OwnServer.Deadline, cancel);

    /// <summary>A transaction is in <c>gtid_executed</c> only when its rows can be read.</summary>
    private protected override GtidSet SettledPosition(DbConnection donor) => GtidSet.Parse(Engine.MySQL, donor.ExecuteScalar<string>("SELECT @@GLOBAL.gtid_executed"));

    private protected override async Task<SeedResult> CopyAsync(ServerAddress donor, Account seed, TimeSpan deadline, CancellationToken cancel)
    {
        try
        {
            await Own.RunAsync(connection =>
            {
                connection.Execute("SET GLOBAL clone_valid_donor_list = @donor", new { donor = donor.ToString() });
                if (Tls.CaFile is { } ca) connection.Execute("SET GLOBAL clone_ssl_ca = @ca", new { ca }); // with it the donor's certificate is verified
                connection.Execute($"CLONE INSTANCE FROM '{Quotable(seed.User)}'@'{Quotable(donor.Host)}':{donor.Port} IDENTIFIED BY @password {(Tls.On ? "REQUIRE SSL" : "REQUIRE NO SSL")}",
                    new { password = seed.Password });
            }, deadline, cancel);
        }
        catch (DbException e) when (e.Message.Contains(seed.Password, StringComparison.Ordinal))
        {
            throw new DatabaseUnavailableException($"{Own.Server} refused to clone, with an error that quotes a secret and is not repeated.");
        }
        catch (Exception e) when (ServerError(e) is { } error && Database.ErrorNumber(error) == RestartFailed)
        {
            // As it should be: the copy is complete.
        }
        catch (DatabaseUnavailableException) when (!cancel.IsCancellationRequested)
        {
            // A server that shuts down at the end of a clone may cut the connection before it can say so. What it holds after its restart will tell.
        }
        return new(SeedOutcome.RestartServer, GtidSet.Empty(Engine.MySQL), 0);
    }

    /// <summary>The parts of an account name cannot be parameters here.</summary>
    private static string Quotable(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '-' or '_')
        ? name
        : throw new SettingsException($"'{name}' cannot be part of a donor's address.");
}
