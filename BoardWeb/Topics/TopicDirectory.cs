using System.Data.Common;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Topics;

/// <summary>
/// This node's own list of topics (<see cref="TopicTable"/>), made of the rows its server holds: the order of a channel depends on the newest post of each of its topics, and no index of
/// rows that are never changed says which topics have the newest ones. It is read when the board starts (about 10 µs for each topic) and kept up to date with what arrives; a page asks
/// for that first, so it shows everything its server holds.
/// </summary>
public sealed class TopicDirectory(BoardDatabase database, TimeProvider time, ILogger<TopicDirectory> log) : BackgroundService
{
    /// <summary>Topics read at once when all of them are read.</summary>
    private const int ReadAtOnce = 2000;

    /// <summary>Posts of one origin that are looked through at once.</summary>
    private const int PostsAtOnce = 5000;

    /// <summary>So that a page never finds more than a second's arrivals to catch up with.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    /// <summary>Everything is read anew that often: rows that a repair brings do not arrive in the order of their ids, and are not noticed otherwise. Ten minutes.</summary>
    private static readonly TimeSpan ReadAnewAfter = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile State? _state;
    private long _begun;
    private long _done;

    /// <summary>Everything has been read once.</summary>
    public bool IsRead => _state is not null;

    /// <summary>The topics as they were about a second ago; null if they have not been read yet. For what must not wait, and may be a little old.</summary>
    public TopicTable? Known => _state?.Table;

    /// <summary>The topics, with everything this node's server held when this was called.</summary>
    /// <exception cref="DatabaseUnavailableException">The server did not answer in time, or the topics have not been read yet.</exception>
    public async Task<TopicTable> CurrentAsync(CancellationToken cancel)
    {
        // One that began before this call may have missed what was there at its end.
        var wanted = Interlocked.Read(ref _begun) + 1;
        if (!await _turn.WaitAsync(BoardDatabase.PageDeadline, cancel)) throw new DatabaseUnavailableException($"{database.Server} does not answer.");
        try
        {
            if (_state is null) throw new DatabaseUnavailableException("This node is still reading its topics. Try again in a moment.");
            if (Interlocked.Read(ref _done) < wanted) await CatchUpAsync(cancel);
            return _state.Table;
        }
        finally
        {
            _turn.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var read = 0L;
        try
        {
            while (true)
            {
                try
                {
                    if (_state is null || time.GetElapsedTime(read) > ReadAnewAfter)
                    {
                        await ReadAnewAsync(stoppingToken);
                        read = time.GetTimestamp();
                    }
                    else
                    {
                        await CurrentAsync(stoppingToken);
                    }
                }
                catch (Exception e) when (e is DatabaseUnavailableException or DbException)
                {
                    log.LogDebug("Topics cannot be read: {Reason}", e.Message);
                }
                await Task.Delay(Pace, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <summary>A page at a time, beside those who use what was read before. What arrives meanwhile is caught up with afterwards, from the marks that were read first.</summary>
    private async Task ReadAnewAsync(CancellationToken cancel)
    {
        var state = new State(new TopicTable(), await database.ReadAsync(ReadMarks, cancel));
        for (var last = Guid.Empty; ;)
        {
            var ids = await database.ReadAsync(c => c.Query<byte[]>($"SELECT id FROM topic WHERE id > @after ORDER BY id LIMIT {ReadAtOnce}", new { after = Ids.Bytes(last) }).Select(Ids.Of).ToList(), cancel);
            if (ids.Count == 0) break;
            await database.ReadAsync(c => Read(c, state.Table, ids), cancel);
            last = ids[^1];
        }
        await _turn.WaitAsync(cancel);
        _state = state;
        _turn.Release();
    }

    /// <summary>Looks what has arrived since; called by whose turn it is.</summary>
    private async Task CatchUpAsync(CancellationToken cancel)
    {
        var state = _state!;
        var begun = Interlocked.Increment(ref _begun);
        var now = await database.ReadAsync(ReadMarks, cancel);
        foreach (var (origin, newest) in now.Origins)
        {
            while (state.Seen[origin].CompareTo(newest) < 0) state.Seen = state.Seen.With(origin, await database.ReadAsync(c => Arrived(c, state, origin, newest), cancel));
        }
        Interlocked.Exchange(ref _done, begun);
    }

    /// <returns>How far it came.</returns>
    private static Guid Arrived(DbConnection connection, State state, long origin, Guid newest)
    {
        var between = new { origin, after = Ids.Bytes(state.Seen[origin]), newest = Ids.Bytes(newest) };
        var posts = connection.Query<(byte[] Id, byte[] Topic)>($"SELECT p.id, p.topic_id FROM post p WHERE p.node = @origin AND p.id > @after AND p.id <= @newest AND {Shown.Post("p.id")} ORDER BY p.id LIMIT {PostsAtOnce}", between)
            .Select(p => (Id: Ids.Of(p.Id), Topic: Ids.Of(p.Topic))).ToList();
        var last = posts.Count == PostsAtOnce ? posts[^1].Id : newest;
        var changed = connection.Query<byte[]>(
            "SELECT DISTINCT subject_id FROM decision WHERE node = @origin AND id > @after AND id <= @last AND property IN @Properties",
            new { between.origin, between.after, last = Ids.Bytes(last), Properties }).Select(Ids.Of).Where(state.Table.Knows).ToHashSet();
        changed.UnionWith(connection.Query<byte[]>("SELECT DISTINCT topic_id FROM import_note WHERE node = @origin AND id > @after AND id <= @last", new { between.origin, between.after, last = Ids.Bytes(last) }).Select(Ids.Of));
        changed.UnionWith(posts.Where(p => !state.Table.Posted(p.Topic, p.Id)).Select(p => p.Topic));
        // A post that was approved counts from now on, and one that was rejected no more.
        var judged = connection.Query<byte[]>(
            $"SELECT DISTINCT p.topic_id FROM decision d JOIN post p ON p.id = d.subject_id WHERE d.node = @origin AND d.id > @after AND d.id <= @last AND d.property = '{Decidable.Waits}'",
            new { between.origin, between.after, last = Ids.Bytes(last) }).Select(Ids.Of).ToHashSet();
        foreach (var some in judged.Chunk(ReadAtOnce)) Read(connection, state.Table, some, anew: true);
        foreach (var some in changed.Except(judged).Chunk(ReadAtOnce)) Read(connection, state.Table, some);
        return last;
    }

    /// <summary>Reads these topics as they are now; what has not arrived here is left out, and comes with its first post.</summary>
    private static int Read(DbConnection connection, TopicTable table, IReadOnlyCollection<Guid> topics, bool anew = false)
    {
        var parameters = new { topics = topics.Select(Ids.Bytes).ToList(), Properties };
        var decided = connection.Query<(byte[] Topic, string Property, string Value)>("""
            SELECT d.subject_id, d.property, d.value FROM decision d WHERE d.subject_id IN @topics AND d.property IN @Properties
              AND NOT EXISTS (SELECT 1 FROM decision l WHERE l.subject_id = d.subject_id AND l.property = d.property AND l.id > d.id)
            """, parameters).ToDictionary(d => (Ids.Of(d.Topic), d.Property), d => d.Value);
        var rows = connection.Query<(byte[] Id, byte[] Channel, byte[] Author, byte[]? Latest, long Repeats)>($"""
            SELECT t.id, t.channel_id, t.author_id, (SELECT p.id FROM post p WHERE p.topic_id = t.id AND {Shown.Post("p.id")} ORDER BY p.id DESC LIMIT 1),
              EXISTS (SELECT 1 FROM topic e WHERE e.request_key = t.request_key AND e.id < t.id)
            FROM topic t WHERE t.id IN @topics
            """, parameters).ToList();
        foreach (var row in rows)
        {
            var id = Ids.Of(row.Id);
            var channel = Decidable.ChannelOf(decided.GetValueOrDefault((id, Decidable.Channel)), Ids.Of(row.Channel));
            table.Set(new(id, channel, Ids.OrNull(row.Latest), Is(id, Decidable.Pinned), Is(id, Decidable.Hidden), row.Repeats != 0,
                string.IsNullOrEmpty(decided.GetValueOrDefault((id, Decidable.Waits))) ? null : Ids.Of(row.Author)), anew);
        }
        // One that came from the other side of a partition may be earlier than those it is repeated by.
        foreach (var repeats in connection.Query<byte[]>("SELECT l.id FROM topic t JOIN topic l ON l.request_key = t.request_key AND l.id > t.id WHERE t.id IN @topics", parameters))
            table.Repeats(Ids.Of(repeats));
        return rows.Count;

        bool Is(Guid topic, string property) => decided.GetValueOrDefault((topic, property)) == Decidable.Yes;
    }

    private static readonly string[] Properties = [Decidable.Channel, Decidable.Pinned, Decidable.Hidden, Decidable.Waits];

    private static Marks ReadMarks(DbConnection connection) => Marks.Newest(connection, "post", "decision", "import_note");

    private sealed class State(TopicTable table, Marks seen)
    {
        public TopicTable Table => table;

        public Marks Seen { get; set; } = seen;
    }
}
