using System.Buffers.Binary;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Connect.BoardWeb.Search;

/// <summary>A post as the index holds it.</summary>
/// <param name="Title">Of its topic, if it opens it; else empty.</param>
/// <param name="Body">Null if nothing of it is to be found: it was deleted, or waits for a moderator.</param>
/// <param name="IsErased">Nothing of it is to be left in the file.</param>
public sealed record IndexedPost(Guid Id, long Origin, Guid Topic, Guid Author, string Title, string? Body, bool IsErased = false);

/// <summary>
/// This node's own full-text index: SQLite's FTS5 in a file beside the node's settings. It is made of rows that are in the ring, belongs to nobody else and can be deleted at any time. Posts
/// are numbered by their time, so the newest ones that match are found first, however many match.
/// </summary>
public sealed class SearchIndex : IDisposable
{
    /// <summary>Another layout makes the file anew.</summary>
    private const string Layout = "1";

    private const string IdOfNumber = "SELECT id FROM post WHERE number = @number";

    /// <summary>Searches at the same time; the next ones wait.</summary>
    private const int MaxReaders = 3;

    private readonly SemaphoreSlim _readers = new(MaxReaders, MaxReaders);
    private readonly string _file;
    private readonly SqliteConnection _writer;

    /// <summary>What is done for each post, prepared once: preparing took about half of the time of a post.</summary>
    private readonly Dictionary<string, SqliteCommand> _prepared = [];

    private SqliteTransaction? _transaction;

    /// <summary>Opens the file, or makes it.</summary>
    /// <param name="ring">Whose posts these are; a file of another ring's, or one that cannot be read, is made anew.</param>
    /// <exception cref="SqliteException">There is no such folder, no right to write, or no space.</exception>
    public SearchIndex(string file, Guid ring)
    {
        _file = file;
        try
        {
            _writer = Open();
            if (Scalar(_writer, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'about'") is 1L && Scalar(_writer, "SELECT ring || ' ' || layout FROM about") is string about && about == $"{ring} {Layout}") return;
            _writer.Dispose();
        }
        catch (SqliteException e) when (IsSpoilt(e))
        {
            // It is made of what the server holds: that is still there.
        }
        Delete(file);
        _writer = Open();
        Execute(_writer, """
            CREATE TABLE about (ring TEXT NOT NULL, layout TEXT NOT NULL);
            CREATE TABLE mark (origin INTEGER PRIMARY KEY, id BLOB NOT NULL);
            CREATE TABLE post (number INTEGER PRIMARY KEY, id BLOB NOT NULL, origin INTEGER NOT NULL);
            CREATE VIRTUAL TABLE word USING fts5 (title, body, topic, author, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2");
            """);
        Execute(_writer, "INSERT INTO about VALUES (@ring, @layout)", ("@ring", ring.ToString()), ("@layout", Layout));
    }

    /// <summary>How far each origin's rows are in it.</summary>
    public Marks Seen()
    {
        using var command = Command(_writer, "SELECT origin, id FROM mark");
        using var rows = command.ExecuteReader();
        var marks = Marks.None;
        while (rows.Read()) marks = marks.With(rows.GetInt64(0), Ids.Of((byte[])rows[1]));
        return marks;
    }

    /// <summary>How many posts of each origin are in it, those that were deleted included.</summary>
    public IReadOnlyDictionary<long, long> Counts()
    {
        using var command = Command(_writer, "SELECT origin, COUNT(*) FROM post GROUP BY origin");
        using var rows = command.ExecuteReader();
        var counts = new Dictionary<long, long>();
        while (rows.Read()) counts[rows.GetInt64(0)] = rows.GetInt64(1);
        return counts;
    }

    /// <summary>Called by whoever puts posts into it.</summary>
    public bool Has(Guid post) => NumberOf(post) is not null;

    /// <summary>Takes these posts as they are now, and how far their origin has been seen with them: both or neither.</summary>
    /// <param name="seen">Null leaves the marks as they are.</param>
    public void Put(IReadOnlyCollection<IndexedPost> posts, (long Origin, Guid Id)? seen)
    {
        using var transaction = _writer.BeginTransaction();
        _transaction = transaction;
        try
        {
            foreach (var post in posts) Put(post);
        }
        finally
        {
            _transaction = null;
        }
        if (seen is { } mark)
            Execute(_writer, "INSERT INTO mark VALUES (@origin, @id) ON CONFLICT (origin) DO UPDATE SET id = excluded.id", ("@origin", mark.Origin), ("@id", Ids.Bytes(mark.Id)));
        transaction.Commit();
        // What is deleted is only marked as such: the whole index is written anew, and so is what lies beside it.
        if (posts.Any(p => p.IsErased)) Execute(_writer, "INSERT INTO word (word) VALUES ('optimize'); PRAGMA wal_checkpoint(TRUNCATE);");
    }

    /// <summary>The newest posts that match, before a cursor.</summary>
    /// <param name="topic">Only of this topic; null for all.</param>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public Task<List<Guid>> FindAsync(SearchQuery query, Guid? topic, Guid? before, int limit, CancellationToken cancel) => ReadAsync(() => Find(query, topic, before, limit, cancel), cancel);

    /// <summary>How many posts somebody has in it, <paramref name="limit"/> at the most; what was deleted is not counted.</summary>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public Task<int> CountOfAsync(Guid author, int limit, CancellationToken cancel) => ReadAsync(() =>
    {
        using var connection = new SqliteConnection(Source);
        connection.Open();
        return (int)(long)Scalar(connection, "SELECT COUNT(*) FROM (SELECT 1 FROM word WHERE word MATCH @match LIMIT @limit)", ("@match", $"author : \"{author:N}\""), ("@limit", limit))!;
    }, cancel);

    public void Dispose()
    {
        foreach (var command in _prepared.Values) command.Dispose();
        _writer.Dispose();
        _readers.Dispose();
    }

    /// <summary>When there is room for one more reader, on a thread of its own: SQLite does not wait asynchronously.</summary>
    private async Task<T> ReadAsync<T>(Func<T> read, CancellationToken cancel)
    {
        await _readers.WaitAsync(cancel);
        try
        {
            return await Task.Run(read, cancel);
        }
        finally
        {
            _readers.Release();
        }
    }

    /// <summary>Removes the file and what lies beside it.</summary>
    public static void Delete(string file)
    {
        foreach (var each in new[] { file, $"{file}-wal", $"{file}-shm" }) File.Delete(each);
    }

    /// <summary>What is in the file is no index: it is made anew.</summary>
    public static bool IsSpoilt(SqliteException e) => e.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <summary>Without a pool: a connection that waits there would hold a file that was deleted.</summary>
    private string Source => new SqliteConnectionStringBuilder { DataSource = _file, DefaultTimeout = 2, Pooling = false }.ToString();

    private List<Guid> Find(SearchQuery query, Guid? topic, Guid? before, int limit, CancellationToken cancel)
    {
        using var connection = new SqliteConnection(Source);
        connection.Open();
        using var interrupting = cancel.Register(() => raw.sqlite3_interrupt(connection.Handle));
        var match = topic is { } t ? $"{query.In("title body")} AND topic : \"{t:N}\"" : query.In("title body");
        using var command = Command(connection, """
            SELECT p.id FROM word JOIN post p ON p.number = word.rowid WHERE word MATCH @match AND word.rowid < @before ORDER BY word.rowid DESC LIMIT @limit
            """,
            ("@match", match), ("@before", before is { } b ? NumberOf(n => Scalar(connection, IdOfNumber, ("@number", n)) as byte[], b) ?? Number(b) : long.MaxValue), ("@limit", limit));
        var found = new List<Guid>();
        try
        {
            using var rows = command.ExecuteReader();
            while (rows.Read()) found.Add(Ids.Of((byte[])rows[0]));
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_INTERRUPT)
        {
            throw new OperationCanceledException(e.Message, e, cancel);
        }
        return found;
    }

    private void Put(IndexedPost post)
    {
        var number = NumberOf(post.Id);
        if (number is { } known)
        {
            Prepared("DELETE FROM word WHERE rowid = @number", ("@number", known)).ExecuteNonQuery();
        }
        else
        {
            // Two posts of one moment: the next number is as good.
            for (number = Number(post.Id); IdAt(number.Value) is not null;) number++;
            Prepared("INSERT INTO post VALUES (@number, @id, @origin)", ("@number", number.Value), ("@id", Ids.Bytes(post.Id)), ("@origin", post.Origin)).ExecuteNonQuery();
        }
        if (post.Body is null) return;
        Prepared("INSERT INTO word (rowid, title, body, topic, author) VALUES (@number, @title, @body, @topic, @author)",
            ("@number", number.Value), ("@title", SearchText.Spaced(post.Title)), ("@body", SearchText.Spaced(post.Body)), ("@topic", post.Topic.ToString("N")), ("@author", post.Author.ToString("N"))).ExecuteNonQuery();
    }

    /// <summary>The first number of a post's: 48 bits of milliseconds, the 12 of the counter and three that are random.</summary>
    private static long Number(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return (long)((high >> 16 << 15 | (high & 0xFFF) << 3 | (uint)(bytes[8] & 0x3F) >> 3) & long.MaxValue);
    }

    private long? NumberOf(Guid id) => NumberOf(IdAt, id);

    private static long? NumberOf(Func<long, byte[]?> idAt, Guid id)
    {
        var bytes = Ids.Bytes(id);
        for (var number = Number(id); idAt(number) is { } found; number++)
        {
            if (found.AsSpan().SequenceEqual(bytes)) return number;
        }
        return null;
    }

    private byte[]? IdAt(long number) => Prepared(IdOfNumber, ("@number", number)).ExecuteScalar() as byte[];

    private SqliteCommand Prepared(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        if (!_prepared.TryGetValue(sql, out var command)) _prepared.Add(sql, command = Command(_writer, sql));
        command.Transaction = _transaction;
        command.Parameters.Clear();
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(Source);
        try
        {
            connection.Open();
            // A crash of the machine may lose the last changes, and their marks with them: they are read again.
            Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteScalar();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }
}
