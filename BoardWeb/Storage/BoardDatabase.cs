using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Storage;

/// <summary>
/// This node's own server, behind three bulkheads so that none of them can starve another: pages read through several connections,
/// the one writer has a connection of its own, and so have the two that ask all the time (the arrival watch and the health probe).
/// </summary>
public sealed class BoardDatabase : IDisposable
{
    /// <summary>How long a page or an API call waits for its rows. 2 s.</summary>
    public static readonly TimeSpan PageDeadline = TimeSpan.FromSeconds(2);

    /// <summary>Connections that are not for reading pages: the writer's and the watch's.</summary>
    private const int Reserved = 2;

    private readonly Database _reads;

    public BoardDatabase(NodeSettings settings)
    {
        var account = DatabaseAccounts.Load(settings.Resolve(settings.Database.AccountsFile)).Board;
        Engine = settings.Database.Engine;
        Server = new(settings.Database.Host, settings.Database.Port);
        _reads = Open(Math.Max(1, settings.Database.MaxConnections - Reserved), 3);
        Writer = Open(1, 2);
        Watch = Open(1, 1);

        Database Open(int threads, int driverSeconds) =>
            new(Server, account, settings.Database.Schema, settings.Database.ServerTls(), threads, driverSeconds);
    }

    public Engine Engine { get; }

    public ServerAddress Server { get; }

    /// <summary>One connection: what goes through it happens in order.</summary>
    public Database Writer { get; }

    /// <summary>One connection for what asks again and again; gives up after a second.</summary>
    public Database Watch { get; }

    /// <summary>Calls whose caller did not wait for their end.</summary>
    public long Abandoned => _reads.Abandoned + Writer.Abandoned + Watch.Abandoned;

    /// <summary>Reads for a page, within <see cref="PageDeadline"/>.</summary>
    /// <exception cref="DatabaseUnavailableException">The server did not answer in time.</exception>
    public Task<T> ReadAsync<T>(Func<DbConnection, T> query, CancellationToken cancel = default) => _reads.RunAsync(query, PageDeadline, cancel);

    public void Dispose()
    {
        _reads.Dispose();
        Writer.Dispose();
        Watch.Dispose();
    }
}
