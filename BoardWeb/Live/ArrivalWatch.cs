using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading.Channels;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Live;

/// <summary>A post that arrived on this node, or what became of one, and what has been seen of every origin with it.</summary>
/// <param name="Arrived">What arrived.</param>
public sealed record Arrival(ArrivedPost Arrived, Marks Seen);

/// <summary>
/// Notices posts that arrive on this node's server, wherever they were written, and hands them to those who listen to their topic.
/// One poll serves everybody, and nobody listening means no poll at all.
/// <para>
/// A poll asks for the highest id of each origin: a few dives into one index, whatever the size of the board. It does not ask for the
/// server's position first: both servers can show a position a moment before its rows can be read, and would then be believed too early.
/// Per origin, so that what was written on the far side of a partition is noticed when it comes, although its ids are older.
/// </para>
/// </summary>
public sealed class ArrivalWatch : BackgroundService
{
    /// <summary>Between two polls. 25 ms.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(25);

    /// <summary>After a poll that failed. 250 ms.</summary>
    private static readonly TimeSpan PaceWhenDown = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);

    /// <summary>Posts of one origin taken in one poll; the rest comes with the next.</summary>
    private const int MaxPerPoll = 500;

    /// <summary>Open streams on one node.</summary>
    public const int MaxSubscribers = 5000;

    private readonly BoardDatabase _database;
    private readonly PostReader _posts;
    private readonly BoardMetrics _metrics;
    private readonly ILogger<ArrivalWatch> _log;
    private readonly ConcurrentDictionary<Guid, Topic> _topics = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Lock _gate = new();
    private int _subscribers;
    private TaskCompletionSource<Marks> _started = NewStart();
    private volatile Marks? _marks;

    public ArrivalWatch(BoardDatabase database, PostReader posts, WriteBatcher writes, BoardMetrics metrics, ILogger<ArrivalWatch> log)
    {
        (_database, _posts, _metrics, _log) = (database, posts, metrics, log);
        writes.Committed += Wake; // what was written here need not wait for the next poll
    }

    /// <summary>
    /// From now on, every arrival in this topic goes to the subscription. It returns once the watch runs, so that what is read from the
    /// database afterwards and what is pushed overlap rather than leave a gap.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">There are too many streams on this node, or its server does not answer.</exception>
    public async Task<Subscription> SubscribeAsync(Guid topic, CancellationToken cancel)
    {
        Task<Marks> started;
        lock (_gate)
        {
            if (_subscribers >= MaxSubscribers)
                throw new NodeBusyException($"This node has {MaxSubscribers} live readers and takes no more.");
            _subscribers++;
            started = _started.Task;
        }
        var subscription = new Subscription(this, topic);
        _topics.AddOrUpdate(topic, _ => new Topic([subscription]), (_, t) => new Topic([.. t.Subscriptions, subscription]));
        _metrics.SubscriberCame();
        Wake();
        try
        {
            var begin = await started.WaitAsync(BoardDatabase.PageDeadline, cancel);
            subscription.Begin = _marks ?? begin;
            return subscription;
        }
        catch (Exception e)
        {
            subscription.Dispose();
            if (e is TimeoutException) throw new DatabaseUnavailableException($"{_database.Server} does not answer.", e);
            throw;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (Rest())
                {
                    await _wake.WaitAsync(stoppingToken);
                    continue;
                }
                var pace = await PollAsync(stoppingToken) ? Pace : PaceWhenDown;
                await _wake.WaitAsync(pace, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The streams end by themselves: they are linked to the same stop.
        }
    }

    /// <summary>True if nobody listens. What was seen is forgotten then: the next one to listen begins with what is there by that time.</summary>
    private bool Rest()
    {
        lock (_gate)
        {
            if (_subscribers > 0) return false;
            _marks = null;
            if (_started.Task.IsCompleted) _started = NewStart();
            return true;
        }
    }

    private async Task<bool> PollAsync(CancellationToken cancel)
    {
        try
        {
            var before = _marks;
            var (after, posts) = await _database.Watch.RunAsync(c => Look(c, before), Deadline, cancel);
            var seen = before ?? after;
            foreach (var arrived in posts)
            {
                seen = seen.With(arrived.Origin, arrived.Id);
                _metrics.Arrivals.Add();
                _metrics.ArrivalDelay.Observe(Math.Max(0, (DateTimeOffset.UtcNow - Uuid7.TimeOf(arrived.Id)).TotalSeconds));
                if (!_topics.TryGetValue(arrived.Post.Topic, out var topic)) continue;
                foreach (var subscription in topic.Subscriptions) subscription.Push(new(arrived, seen), _metrics);
            }
            _marks = after;
            _started.TrySetResult(after);
            return true;
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            _log.LogDebug("Arrivals cannot be looked for: {Reason}", e.Message);
            return false;
        }
    }

    private (Marks, List<ArrivedPost>) Look(DbConnection connection, Marks? before)
    {
        var now = Read(connection);
        if (before is null) return (now, []);
        var (marks, posts) = (before, new List<ArrivedPost>());
        foreach (var (origin, id) in now.Origins.Where(o => o.Value.CompareTo(before[o.Key]) > 0))
        {
            posts.AddRange(_posts.Arrived(connection, origin, before[origin], MaxPerPoll, out var full, out var last));
            // What was there when the highest id was read has been looked at, unless there is more than one load of it.
            marks = marks.With(origin, full || last.CompareTo(id) > 0 ? last : id);
        }
        return (marks, posts);
    }

    /// <summary>Current marks (decisions, as one of them lets others see a post), read for a page before its posts are read, so that nothing falls between the two.</summary>
    public static Marks Read(DbConnection connection) => Marks.Newest(connection, "post", "post_revision", "reaction", "decision");

    private void Wake()
    {
        if (Volatile.Read(ref _subscribers) > 0) _wake.Wake();
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    private void Remove(Subscription subscription)
    {
        while (_topics.TryGetValue(subscription.TopicId, out var topic))
        {
            var rest = topic.Subscriptions.Where(s => s != subscription).ToArray();
            if (rest.Length == topic.Subscriptions.Length) return;
            if (rest.Length == 0 ? _topics.TryRemove(new(subscription.TopicId, topic)) : _topics.TryUpdate(subscription.TopicId, new Topic(rest), topic)) break;
        }
        lock (_gate) _subscribers--;
        _metrics.SubscriberLeft();
    }

    private static TaskCompletionSource<Marks> NewStart() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Those who listen to one topic. A class of its own so that it is compared by reference when it is exchanged.</summary>
    private sealed class Topic(Subscription[] subscriptions)
    {
        public Subscription[] Subscriptions => subscriptions;
    }

    /// <summary>One reader's stream. A reader who is too slow loses the oldest arrivals and is told to load the page anew.</summary>
    public sealed class Subscription : IDisposable
    {
        /// <summary>Arrivals that may wait for one reader.</summary>
        public const int MaxWaiting = 100;

        private readonly ArrivalWatch _watch;
        private readonly Channel<Arrival> _channel;
        private int _dropped;
        private int _disposed;

        internal Subscription(ArrivalWatch watch, Guid topic)
        {
            (_watch, TopicId) = (watch, topic);
            _channel = Channel.CreateBounded<Arrival>(
                new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
                _ => Interlocked.Increment(ref _dropped));
        }

        public Guid TopicId { get; }

        /// <summary>What this node had seen when the subscription began.</summary>
        public Marks Begin { get; internal set; } = Marks.None;

        public ChannelReader<Arrival> Arrivals => _channel.Reader;

        /// <summary>How many were dropped since this was last asked.</summary>
        public int TakeDropped() => Interlocked.Exchange(ref _dropped, 0);

        internal void Push(Arrival arrival, BoardMetrics metrics)
        {
            var before = Volatile.Read(ref _dropped);
            _channel.Writer.TryWrite(arrival);
            if (Volatile.Read(ref _dropped) > before) metrics.EventsDropped.Add();
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0) _watch.Remove(this);
        }
    }
}
