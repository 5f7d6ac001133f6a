using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

/// <summary>How a seed ended.</summary>
public enum SeedOutcome
{
    /// <summary>The data and the position are there; the server can be pointed at a source.</summary>
    Done,

    /// <summary>
    /// The data is there, and the server has ended itself (MySQL after a clone). Whoever supervises it must start it again with its init file, which puts this node's
    /// accounts back; then <see cref="Seeding.AfterRestartAsync"/>.
    /// </summary>
    RestartServer,
}

/// <param name="Outcome">What is to be done next.</param>
/// <param name="Position">What the copy contains; on MySQL it is known after the restart only, and this is empty.</param>
/// <param name="Rows">Rows copied; 0 on MySQL, which copies pages.</param>
public sealed record SeedResult(SeedOutcome Outcome, GtidSet Position, long Rows);

/// <summary>To whom the data on a server belongs.</summary>
public enum Ownership { Empty, Ring, Foreign }

/// <param name="Ownership">Nothing is there, a ring's data, or something that is not ours.</param>
/// <param name="Ring">The ring's name, if it is one's.</param>
/// <param name="RingId">The ring's id, if it is one's.</param>
/// <param name="What">What was found, for the operator.</param>
public sealed record Belonging(Ownership Ownership, string? Ring, Guid? RingId, string What);

/// <summary>Brings a member's data to a newcomer's own server.</summary>
public abstract class Seeding : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private protected Seeding(DatabaseSettings settings, Account daemon)
    {
        Schema = settings.Schema;
        Tls = settings.ServerTls();
        Own = new(new ServerAddress(settings.Host, settings.Port), daemon, schema: null, settings.ServerTls(), maxThreads: 2, driverSeconds: 600);
    }

    private protected Database Own { get; }

    private protected string Schema { get; }

    private protected ServerTls Tls { get; }

    /// <summary>Connects to nothing yet.</summary>
    public static Seeding For(NodeSettings settings, DatabaseAccounts accounts) => settings.Database.Engine == Engine.MariaDB
        ? new MariaDbSeeding(settings.Database, accounts.Daemon)
        : new MySqlSeeding(settings.Database, accounts.Daemon);

    /// <summary>
    /// Copies the board from <paramref name="donor"/>, which goes on being written to, together with the position the copy stands at.
    /// </summary>
    /// <param name="donor">A member that is not behind.</param>
    /// <param name="seed">The ring's account Seed.</param>
    /// <param name="deadline">For the whole of it.</param>
    /// <param name="cancel">Gives up. The own server then holds a part of the board and no position: seed again, which is allowed.</param>
    /// <exception cref="InvalidOperationException">The own server holds something that a copy would destroy.</exception>
    public async Task<SeedResult> SeedAsync(ServerAddress donor, Account seed, TimeSpan deadline, CancellationToken cancel = default)
    {
        var found = await BelongingAsync(cancel);
        if (found.Ownership == Ownership.Foreign) throw new InvalidOperationException($"{Own.Server} is not seeded: {found.What}");
        return await CopyAsync(donor, seed, deadline, cancel);
    }

    /// <summary>A position of the donor's at which every row it speaks of can be read by whoever connects from now on.</summary>
    public async Task<GtidSet> SettledPositionAsync(ServerAddress donor, Account seed, CancellationToken cancel = default)
    {
        using var source = new Database(donor, seed, schema: null, Tls, maxThreads: 1, driverSeconds: 10);
        return await source.RunAsync(SettledPosition, Deadline, cancel);
    }

    /// <summary>After <see cref="SeedOutcome.RestartServer"/>: forgets the donor's own source, and reads the position.</summary>
    public abstract Task<GtidSet> AfterRestartAsync(CancellationToken cancel = default);

    /// <summary>Whose data is on the own server: a join is refused where it is another ring's, or not a ring's at all.</summary>
    public Task<Belonging> BelongingAsync(CancellationToken cancel = default) => Own.RunAsync(connection => BelongingQuery.Read(connection, Schema), Deadline, cancel);

    public void Dispose()
    {
        Own.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract GtidSet SettledPosition(DbConnection donor);

    private protected abstract Task<SeedResult> CopyAsync(ServerAddress donor, Account seed, TimeSpan deadline, CancellationToken cancel);

    private protected static DbException? ServerError(Exception e) => e as DbException ?? e.InnerException as DbException;
}
