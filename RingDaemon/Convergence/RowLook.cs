using Connect.Node.Database;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Convergence;

/// <summary>What a member has at some keys.</summary>
/// <param name="Reached">It had executed the position that was asked for: what is missing then is not on its way.</param>
public sealed record SeenRows(bool Reached, IReadOnlyList<TableRows.KeyDigest> Rows);

/// <summary>Looks at single rows of this node once it has executed what another member had when it showed them.</summary>
public sealed class RowLook(TableRows rows, Erasing erasing, IReplicationServer server)
{
    /// <summary>Longest wait for the position.</summary>
    public static readonly TimeSpan MostWait = TimeSpan.FromSeconds(10);

    /// <param name="table">A replicated table.</param>
    /// <param name="keys">32 hexadecimal digits each.</param>
    /// <param name="position">What must have been executed first.</param>
    /// <param name="wait">For how long to wait for it; cut to <see cref="MostWait"/>.</param>
    /// <param name="cancel">Ends it early.</param>
    public async Task<SeenRows> LookAsync(string table, IReadOnlyCollection<string> keys, GtidSet position, TimeSpan wait, CancellationToken cancel)
    {
        var reached = await server.WaitForAsync(position, wait < MostWait ? wait : MostWait, cancel);
        // A decision to erase that has just arrived is carried out first, or its rows would pass for changed ones where it has been.
        await erasing.RunAsync(cancel);
        return new(reached, await rows.KeysAsync(table, keys, cancel));
    }
}
