using System.Data.Common;
using System.Threading.Channels;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Attention;

/// <summary>
/// How far people have read. A mark that moves forward is a row, and of the rows about one person and subject the greatest <c>up_to</c> counts, so what somebody read on two sides of a
/// partition adds up. Pages only leave a note here: they never wait for the row, and if it cannot be written the note is dropped, and the next page leaves another.
/// </summary>
public sealed class ReadMarks(
    BoardDatabase database, WriteBatcher writes, IWriteGate gate, NotificationCount counts, BoardMetrics metrics, TimeProvider time, ILogger<ReadMarks> log) : BackgroundService
{
    /// <summary>Notes that may wait; beyond it they are dropped.</summary>
    public const int MaxWaiting = 1024;

    /// <summary>Rows in one write.</summary>
    private const int MaxBatch = 256;

    private const int MaxKnown = 10_000;

    /// <summary>Between two writes: whoever turns pages leaves one row for several of them. 100 ms.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly Remembered<(Guid Account, Guid Subject), Guid> _known = new(MaxKnown, time);
    private readonly Channel<Mark> _notes = Channel.CreateBounded<Mark>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    /// <summary>Notes that somebody has read so far; returns at once.</summary>
    /// <param name="subject">A topic, a channel, or the account itself for its notifications.</param>
    public void Note(Guid account, Guid subject, Guid upTo)
    {
        if (IsKnown(new(account, subject, upTo))) return;
        if (!_notes.Writer.TryWrite(new(account, subject, upTo))) metrics.ReadMarksDropped.Add();
    }

    /// <summary>The same for whoever wants to know that it is saved. <see cref="WriteResult.Existing"/> is set if they have read as far already.</summary>
    public async Task<WriteResult> MarkAsync(Guid account, Guid subject, Guid upTo, CancellationToken cancel)
    {
        var mark = new Mark(account, subject, upTo);
        var forward = await ForwardAsync([mark], cancel);
        return forward.Count == 0 ? new([], subject, "", 0, true) : await WriteAsync(forward);
    }

    /// <summary>How far this account has read each of these; those without a mark are left out.</summary>
    public static Dictionary<Guid, Guid> Of(DbConnection connection, Guid account, IEnumerable<Guid> subjects) =>
        connection.Query<(byte[] Subject, byte[] UpTo)>("SELECT subject_id, MAX(up_to) FROM read_mark WHERE account_id = @account AND subject_id IN @subjects GROUP BY subject_id",
            new { account = Ids.Bytes(account), subjects = subjects.Select(Ids.Bytes) }).ToDictionary(r => Ids.Of(r.Subject), r => Ids.Of(r.UpTo));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _notes.Reader.WaitToReadAsync(stoppingToken))
            {
                await Task.Delay(Pace, stoppingToken);
                var marks = new Dictionary<(Guid, Guid), Mark>();
                while (marks.Count < MaxBatch && _notes.Reader.TryRead(out var mark))
                {
                    if (!marks.TryGetValue(mark.Key, out var other) || mark.UpTo.CompareTo(other.UpTo) > 0) marks[mark.Key] = mark;
                }
                await SaveAsync(marks.Values, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is dropped: a page that is read again brings it back.
        }
    }

    private async Task SaveAsync(IReadOnlyCollection<Mark> marks, CancellationToken cancel)
    {
        try
        {
            if (gate.Closed is null && await ForwardAsync(marks, cancel) is var forward)
            {
                if (forward.Count > 0) await WriteAsync(forward);
                return;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // Nobody waits for it; and whatever it was, the next notes must get their chance.
            if (e is not (DatabaseUnavailableException or TimeoutException or DbException)) log.LogError(e, "{Count} notes of how far somebody has read could not be written.", marks.Count);
        }
        metrics.ReadMarksDropped.Add(marks.Count);
    }

    /// <summary>Those of these marks that are ahead of what is there.</summary>
    private async Task<List<Mark>> ForwardAsync(IReadOnlyCollection<Mark> marks, CancellationToken cancel)
    {
        var wanted = marks.Where(m => !IsKnown(m)).ToList();
        if (wanted.Count == 0) return wanted;
        var parameters = new DynamicParameters();
        var which = string.Join(" OR ", wanted.Select((mark, i) =>
        {
            parameters.Add($"a{i}", Ids.Bytes(mark.Account));
            parameters.Add($"s{i}", Ids.Bytes(mark.Subject));
            return $"(account_id = @a{i} AND subject_id = @s{i})";
        }));
        var there = await database.ReadAsync(c => c.Query<(byte[] Account, byte[] Subject, byte[] UpTo)>(
            $"SELECT account_id, subject_id, MAX(up_to) FROM read_mark WHERE {which} GROUP BY account_id, subject_id", parameters).ToList(), cancel);
        foreach (var (account, subject, upTo) in there) Remember(new(Ids.Of(account), Ids.Of(subject), Ids.Of(upTo)));
        return [.. wanted.Where(m => !IsKnown(m))];
    }

    private async Task<WriteResult> WriteAsync(List<Mark> marks)
    {
        var result = await writes.WriteAsync(new(next => [.. marks.Select(m => new NewReadMark(next(), m.Account, m.Subject, m.UpTo))]));
        foreach (var mark in marks)
        {
            Remember(mark);
            counts.Forget(mark.Account);
        }
        return result;
    }

    private bool IsKnown(Mark mark) => _known.Find(mark.Key) is { } known && known.Value.CompareTo(mark.UpTo) >= 0;

    private void Remember(Mark mark)
    {
        // If two come at once, the lower one may stay: then it is asked once more.
        if (!IsKnown(mark)) _known.Put(mark.Key, mark.UpTo);
    }

    private readonly record struct Mark(Guid Account, Guid Subject, Guid UpTo)
    {
        public (Guid, Guid) Key => (Account, Subject);
    }
}
