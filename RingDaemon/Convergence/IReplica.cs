using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Convergence;

/// <summary>One member's copy of the rows, as it is compared with the others'. No answer is null, never an exception.</summary>
public interface IReplica
{
    string Name { get; }

    /// <summary>Its digests, brought up to date; with <paramref name="whole"/> every row is read again.</summary>
    Task<NodeDigests?> DigestsAsync(bool whole, CancellationToken cancel);

    /// <summary>What lies below some prefixes, in their order.</summary>
    Task<IReadOnlyList<PrefixChildren>?> ChildrenAsync(string table, IReadOnlyList<KeyPrefix> prefixes, CancellationToken cancel);

    /// <summary>Has it read ranges again.</summary>
    Task RereadAsync(string table, IReadOnlyList<KeyPrefix> prefixes, CancellationToken cancel);

    /// <summary>Keys and digests of the rows in a range, read now; a page of <see cref="TableRows.KeyPage"/>.</summary>
    Task<List<TableRows.KeyDigest>?> RowsAsync(string table, UInt128 first, UInt128 last, CancellationToken cancel);

    /// <summary>What its server has executed.</summary>
    Task<GtidSet?> PositionAsync(CancellationToken cancel);

    /// <summary>What it has at some keys, once it has executed a position.</summary>
    Task<SeenRows?> LookAsync(string table, IReadOnlyCollection<string> keys, GtidSet position, CancellationToken cancel);
}

/// <summary>This node's own rows.</summary>
public sealed class OwnReplica(NodeSettings settings, TableDigests digests, TableRows rows, RowLook look, IReplicationServer server) : IReplica
{
    public string Name => settings.Name;

    public Task<NodeDigests?> DigestsAsync(bool whole, CancellationToken cancel) => AnswerAsync(async () => await digests.ReadAsync(whole, cancel));

    public Task<IReadOnlyList<PrefixChildren>?> ChildrenAsync(string table, IReadOnlyList<KeyPrefix> prefixes, CancellationToken cancel) =>
        AnswerAsync(() => digests.ChildrenAsync(table, prefixes, cancel));

    public Task RereadAsync(string table, IReadOnlyList<KeyPrefix> prefixes, CancellationToken cancel) => AnswerAsync(async () =>
    {
        await digests.RereadAsync(table, prefixes, cancel);
        return this;
    });

    public Task<List<TableRows.KeyDigest>?> RowsAsync(string table, UInt128 first, UInt128 last, CancellationToken cancel) => AnswerAsync(() => rows.KeysAsync(table, first, last, cancel));

    public Task<GtidSet?> PositionAsync(CancellationToken cancel) => AnswerAsync(() => server.PositionAsync(cancel));

    public Task<SeenRows?> LookAsync(string table, IReadOnlyCollection<string> keys, GtidSet position, CancellationToken cancel) =>
        AnswerAsync(() => look.LookAsync(table, keys, position, RowLook.MostWait, cancel));

    private static async Task<T?> AnswerAsync<T>(Func<Task<T>> answer) where T : class
    {
        try
        {
            return await answer();
        }
        catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
        {
            return null;
        }
    }
}

/// <summary>Another member's rows, asked of its daemon.</summary>
public sealed class RemoteReplica(Member member, Engine engine, MemberClient members) : IReplica
{
    /// <summary>Reading a table of some ten millions of rows for the first time.</summary>
    private static readonly TimeSpan ToRead = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan ToAnswer = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan ToTellPosition = TimeSpan.FromSeconds(3);

    public string Name => member.Name;

    public Task<NodeDigests?> DigestsAsync(bool whole, CancellationToken cancel) => PostAsync<NodeDigests>("/v1/digest", new { whole }, ToRead, cancel);

    public Task<IReadOnlyList<PrefixChildren>?> ChildrenAsync(string table, IReadOnlyList<KeyPrefix> prefixes, CancellationToken cancel) =>
        PostAsync<IReadOnlyList<PrefixChildren>>("/v1/digest/children", new { table, prefixes = Texts(prefixes) }, ToAnswer, cancel);

    public Task RereadAsync(string table, IReadOnlyList<KeyPrefix> prefixes, CancellationToken cancel) =>
        PostAsync<object>("/v1/digest/reread", new { table, prefixes = Texts(prefixes) }, ToRead, cancel);

    public Task<List<TableRows.KeyDigest>?> RowsAsync(string table, UInt128 first, UInt128 last, CancellationToken cancel) =>
        PostAsync<List<TableRows.KeyDigest>>("/v1/rows/digests", new { table, first = first.ToString("x32"), last = last.ToString("x32") }, ToAnswer, cancel);

    public async Task<GtidSet?> PositionAsync(CancellationToken cancel) =>
        (await members.GetAsync<NodeReport>(member.Facts.DaemonUrl, "/v1/node", ToTellPosition, cancel))?.Position is { } position ? GtidSet.Parse(engine, position) : null;

    public Task<SeenRows?> LookAsync(string table, IReadOnlyCollection<string> keys, GtidSet position, CancellationToken cancel) =>
        PostAsync<SeenRows>("/v1/rows/look", new { table, keys, position = position.ToString(), waitMilliseconds = (int)RowLook.MostWait.TotalMilliseconds }, RowLook.MostWait + ToAnswer, cancel);

    private static string[] Texts(IEnumerable<KeyPrefix> prefixes) => [.. prefixes.Select(p => p.ToString())];

    private Task<T?> PostAsync<T>(string path, object body, TimeSpan deadline, CancellationToken cancel) where T : class =>
        members.PostAsync<T>(member.Facts.DaemonUrl, path, body, deadline, cancel);
}

/// <summary>The replicas of all members that are alive and whose server is up, by name.</summary>
public sealed class Replicas(NodeSettings settings, IMembership membership, OwnReplica own, MemberClient members)
{
    public IReplica[] Alive() =>
    [
        .. membership.Current.Members.Where(m => m.HasServer).OrderBy(m => m.Name, StringComparer.Ordinal)
            .Select(m => m.Name == settings.Name ? (IReplica)own : new RemoteReplica(m, settings.Database.Engine, members)),
    ];
}
