using System.Data.Common;
using Connect.BoardWeb.Archive;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Topics;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Connect.BoardWeb.Search;

/// <summary>
/// Keeps this node's <see cref="SearchIndex"/> up to date with what its server holds: about a second behind, and after a first start for as long as it takes to read all posts. The board
/// works without it: a folder that cannot be written or a disk that is full costs the search, and nothing else. While the server catches up on what it missed, the index waits.
/// </summary>
public sealed class SearchFeeder(BoardDatabase database, NodeSettings settings, TimeProvider time, ILogger<SearchFeeder> log) : BackgroundService
{
    private const int PostsAtOnce = 500;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1), PaceWhenBroken = TimeSpan.FromSeconds(30);

    /// <summary>Between two loads, so that pages get a turn.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(5);

    /// <summary>Rows that a repair or an import brings do not arrive in the order of their ids: their origin's are counted that often. It reads one index through. One hour.</summary>
    private static readonly TimeSpan CountEvery = TimeSpan.FromHours(1);

    private readonly CatchingUp _catchingUp = new(time);
    private volatile SearchIndex? _index;
    private volatile string? _fault = "This node has not opened its index yet. Try again in a moment.";
    private volatile bool _complete;

    /// <summary>The index; null if it cannot be used.</summary>
    public SearchIndex? Index => _fault is null ? _index : null;

    /// <summary>Why it cannot be used.</summary>
    public string Fault => _fault ?? "";

    /// <summary>Everything that was there when the board started is in it, and everything the server has caught up on since.</summary>
    public bool IsComplete => _complete;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the index works on the thread that asks it
        var counted = time.GetTimestamp();
        try
        {
            while (true)
            {
                var pace = Pace;
                try
                {
                    await OpenAsync(stoppingToken);
                    if (time.GetElapsedTime(counted) > CountEvery)
                    {
                        await CountAsync(_index!, stoppingToken);
                        counted = time.GetTimestamp();
                    }
                    var newest = await NewestAsync(stoppingToken);
                    var waits = _catchingUp.Look(newest);
                    if (!waits) await FollowAsync(_index!, _index!.Seen(), newest, stoppingToken);
                    (_complete, _fault) = (!waits, null);
                }
                catch (Exception e) when (e is DatabaseUnavailableException or DbException and not SqliteException)
                {
                    log.LogDebug("Posts for the index cannot be read: {Reason}", e.Message);
                }
                catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
                {
                    Broken(e);
                    pace = PaceWhenBroken;
                }
                await Task.Delay(pace, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
        finally
        {
            _index?.Dispose();
        }
    }

    private async Task OpenAsync(CancellationToken cancel)
    {
        if (_index is not null) return;
        var ring = await database.ReadAsync(c => c.QueryFirstOrDefault<byte[]?>("SELECT id FROM ring ORDER BY id LIMIT 1"), cancel);
        if (ring is null) throw new DatabaseUnavailableException("No ring has been founded here.");
        _index = new(settings.Resolve(settings.Web.SearchFile), Ids.Of(ring));
        _fault = null;
    }

    private void Broken(Exception e)
    {
        log.LogWarning("The search index cannot be used: {Reason}", e.Message);
        (_fault, _complete) = ($"This node's index cannot be used ({e.Message.TrimEnd('.')}). Everything else works.", false);
        _index?.Dispose();
        _index = null;
        if (e is SqliteException spoilt && SearchIndex.IsSpoilt(spoilt)) SearchIndex.Delete(settings.Resolve(settings.Web.SearchFile));
    }

    private Task<Marks> NewestAsync(CancellationToken cancel) => database.ReadAsync(c => Marks.Newest(c, "post", "post_revision", "import_note", "decision"), cancel);

    /// <summary>Reads on from what has been seen to what is there.</summary>
    private async Task FollowAsync(SearchIndex index, Marks seen, Marks there, CancellationToken cancel)
    {
        foreach (var (origin, newest) in there.Origins)
        {
            await FollowImportsAsync(index, origin, seen[origin], newest, cancel);
            for (var at = seen[origin]; at.CompareTo(newest) < 0;)
            {
                (var posts, at) = await database.ReadAsync(c => Arrived(c, origin, at, newest), cancel);
                index.Put(posts, (origin, at));
                if (at != newest) await Task.Delay(Breath, time, cancel);
            }
        }
    }

    /// <summary>What was imported has old ids: its topics are named, and looked through for what is not in the index, or was changed elsewhere.</summary>
    private async Task FollowImportsAsync(SearchIndex index, long origin, Guid after, Guid newest, CancellationToken cancel)
    {
        if (after.CompareTo(newest) >= 0) return;
        var topics = await database.ReadAsync(c => c.Query<byte[]>(
            "SELECT DISTINCT topic_id FROM import_note WHERE node = @origin AND id > @after AND id <= @newest", new { origin, after = Ids.Bytes(after), newest = Ids.Bytes(newest) }).ToList(), cancel);
        foreach (var topic in topics)
        {
            for (var last = Guid.Empty; ;)
            {
                var (found, posts) = await database.ReadAsync(c =>
                {
                    var ids = c.Query<(byte[] Id, long Changed)>($"""
                        SELECT p.id, EXISTS (SELECT 1 FROM post_revision r WHERE r.post_id = p.id AND r.node = {ImportedRow.Origin}) FROM post p WHERE p.topic_id = @topic AND p.id > @last ORDER BY p.id LIMIT {PostsAtOnce}
                        """, new { topic, last = Ids.Bytes(last) }).Select(p => (Id: Ids.Of(p.Id), p.Changed)).ToList();
                    return (ids, Read(c, [.. ids.Where(p => p.Changed != 0 || !index.Has(p.Id)).Select(p => p.Id)]));
                }, cancel);
                if (posts.Count > 0) index.Put(posts, null);
                if (found.Count < PostsAtOnce) break;
                last = found[^1].Id;
            }
        }
    }

    private async Task CountAsync(SearchIndex index, CancellationToken cancel)
    {
        foreach (var origin in await LackingAsync(index, cancel))
        {
            log.LogInformation("The index lacks posts of server {Origin}: it is read again", origin);
            await FollowAsync(index, Marks.Of(index.Seen().Origins.Where(m => m.Key != origin)), await NewestAsync(cancel), cancel);
        }
    }

    /// <summary>Origins of which the server holds more posts than the index does, as far as the index has come: what has arrived since is in the server only, on a busy board at any moment.</summary>
    public async Task<List<long>> LackingAsync(SearchIndex index, CancellationToken cancel)
    {
        var (here, lacking) = (index.Counts(), new List<long>());
        foreach (var (origin, newest) in index.Seen().Origins)
        {
            var there = await database.ReadAsync(c => c.ExecuteScalar<long>("SELECT COUNT(*) FROM post WHERE node = @origin AND id <= @newest", new { origin, newest = Ids.Bytes(newest) }), cancel);
            if (there > here.GetValueOrDefault(origin)) lacking.Add(origin);
        }
        return lacking;
    }

    /// <returns>The posts something happened to, as they are now, and how far that is.</returns>
    private static (List<IndexedPost> Posts, Guid At) Arrived(DbConnection connection, long origin, Guid after, Guid newest)
    {
        var found = connection.Query<(byte[] Id, byte[] Post)>($"""
            SELECT id, post_id FROM (
              (SELECT id, id AS post_id FROM post WHERE node = @origin AND id > @after AND id <= @newest ORDER BY id LIMIT {PostsAtOnce})
              UNION ALL
              (SELECT id, post_id FROM post_revision WHERE node = @origin AND id > @after AND id <= @newest ORDER BY id LIMIT {PostsAtOnce})
              UNION ALL
              (SELECT id, subject_id FROM decision WHERE node = @origin AND id > @after AND id <= @newest AND property = '{Decidable.Waits}' ORDER BY id LIMIT {PostsAtOnce})
            ) a ORDER BY id LIMIT {PostsAtOnce}
            """, new { origin, after = Ids.Bytes(after), newest = Ids.Bytes(newest) }).ToList();
        var posts = found.Select(f => Ids.Of(f.Post)).Distinct().ToList();
        return (Read(connection, posts), found.Count == PostsAtOnce ? Ids.Of(found[^1].Id) : newest);
    }

    private static List<IndexedPost> Read(DbConnection connection, List<Guid> posts)
    {
        if (posts.Count == 0) return [];
        var states = PostRevisions.Of(connection, posts);
        // Of two posts with one request key only the earlier one counts; what waits for a moderator does not yet.
        var rows = connection.Query($"""
            SELECT p.id, p.node, p.topic_id, p.author_id, p.body, t.title,
              {Shown.Post("p.id")} AND {Shown.Post("p.topic_id")} AS approved,
              EXISTS (SELECT 1 FROM post e WHERE e.request_key = p.request_key AND e.id < p.id) AS repeats
            FROM post p LEFT JOIN topic t ON t.id = p.topic_id WHERE p.id IN @ids
            """, new { ids = posts.Select(Ids.Bytes) }).ToList();
        var opening = FirstPost.Of(connection, rows.Select(row => Ids.Of((byte[])row.topic_id)).ToHashSet());
        return [.. rows.Select(row =>
        {
            var id = Ids.Of((byte[])row.id);
            var state = states.GetValueOrDefault(id, PostState.AsWritten);
            var shown = state.Deleted is null && (long)row.repeats == 0 && (long)row.approved != 0;
            return new IndexedPost(id, (long)row.node, Ids.Of((byte[])row.topic_id), Ids.Of((byte[])row.author_id), opening.Contains(id) ? (string?)row.title ?? "" : "",
                shown ? state.Edit?.Body ?? (string)row.body : null, state.Erasure is not null);
        })];
    }
}
