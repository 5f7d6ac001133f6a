using System.Data.Common;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Presence;

/// <param name="Shown">False: nobody is told where they read.</param>
public sealed record NewHereChoice(Guid Id, Guid Account, bool Shown) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("here_choice", ["account_id", "shown"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), Shown];
}

/// <summary>Who is shown to others where they read: everybody who has not chosen otherwise. Of each account the latest row counts.</summary>
public sealed class HereChoices(BoardDatabase database, WriteBatcher writes, Uuid7 ids)
{
    /// <summary>Accounts that are asked for at a time.</summary>
    private const int AtOnce = 500;

    private long _made;

    /// <summary>Choices that were made on this node. What was looked up before this number changed is old.</summary>
    public long Made => Interlocked.Read(ref _made);

    public async Task<bool> IsShownAsync(Guid account, CancellationToken cancel) => (await HiddenAsync([account], cancel)).Count == 0;

    /// <summary>Those of these accounts that do not want to be shown.</summary>
    public async Task<HashSet<Guid>> HiddenAsync(IEnumerable<Guid> accounts, CancellationToken cancel)
    {
        var hidden = new HashSet<Guid>();
        foreach (var some in accounts.Chunk(AtOnce)) hidden.UnionWith(await database.ReadAsync(c => Hidden(c, some), cancel));
        return hidden;
    }

    /// <summary>Chooses; what is so already is not written again.</summary>
    public async Task<WriteResult> ChooseAsync(Guid account, bool shown, CancellationToken cancel)
    {
        if (await IsShownAsync(account, cancel) == shown) return new([], account, "", 0, true);
        var result = await writes.WriteAsync(new(next => [new NewHereChoice(next(), account, shown)]));
        Interlocked.Increment(ref _made);
        return result;
    }

    private List<Guid> Hidden(DbConnection connection, Guid[] accounts)
    {
        var latest = connection.Query<(byte[] Account, byte[] Id, bool Shown)>("""
            SELECT h.account_id, h.id, h.shown FROM here_choice h
            WHERE h.account_id IN @accounts AND NOT EXISTS (SELECT 1 FROM here_choice l WHERE l.account_id = h.account_id AND l.id > h.id)
            """, new { accounts = accounts.Select(Ids.Bytes) }).ToList();
        // What is chosen here from now on sorts after everything that has been read here.
        if (latest.Count > 0) ids.Observe(latest.Max(r => Ids.Of(r.Id)));
        return [.. latest.Where(r => !r.Shown).Select(r => Ids.Of(r.Account))];
    }
}
