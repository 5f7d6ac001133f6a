using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Claims;
using System.Threading.Channels;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Ring;
using Connect.Node;
using Connect.Node.Database;
using Connect.Node.Presence;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Presence;

/// <summary>
/// Knows who has which topic open on this board, tells the own daemon, hears from it who does on the other nodes', and hands each open page of a topic what came of it.
/// All of this is in memory, and all of it once every <see cref="Pace"/> while a page is open; while none is, nothing happens. A fault makes a line on a page old or incomplete, and nothing else.
/// </summary>
public sealed class HereWatch(HereChoices choices, IRingDaemonClient daemon, NodeSettings settings, TimeProvider time, ILogger<HereWatch> log) : BackgroundService
{
    /// <summary>Between two looks. 2 s.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>For so long somebody is taken to want still what they wanted. 10 s: so soon a choice holds on every node it has come to; on the node where it is made, at the next look.</summary>
    private static readonly TimeSpan ChoiceLasts = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Seat, byte> _seats = new();
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>Whom the last look at the choices found, and whether they are shown. Somebody it has not found yet is not shown.</summary>
    private IReadOnlyDictionary<Guid, bool> _shown = new Dictionary<Guid, bool>();
    private long? _lookedAt;
    private long _madeThen;
    private volatile List<HereTopic> _told = [];
    private volatile IReadOnlyDictionary<Guid, HereTopic> _lines = new Dictionary<Guid, HereTopic>();

    /// <summary>Pages say who is there.</summary>
    public bool IsOn => settings.Web.ShowReaders;

    /// <summary>Times that the daemon was told.</summary>
    public long Tellings { get; private set; }

    /// <summary>Somebody has a topic open until the seat is disposed of.</summary>
    public Seat Enter(Guid topic, ClaimsPrincipal user)
    {
        var seat = new Seat(this, topic, Identity.AccountOf(user) is { } id ? new(id, user.Identity?.Name ?? "") : null);
        if (!IsOn) return seat;
        _seats[seat] = 0;
        _wake.Wake();
        return seat;
    }

    /// <summary>Who has a topic open as far as this board happens to know: whether it hears of the other nodes depends on whether anybody has it open here.</summary>
    public HereTopic Known(Guid topic) => _lines.GetValueOrDefault(topic) ?? HereTopic.Nobody(topic);

    /// <summary>Who has a topic open, asked for now.</summary>
    public async Task<HereTopic> NowAsync(Guid topic, CancellationToken cancel)
    {
        var told = _told;
        try
        {
            return HereTopic.Merge(topic, told.Concat(HereTopic.Sound((await daemon.HereAsync(new(told, [topic]), cancel)).Topics)).Where(t => t.Topic == topic));
        }
        catch (RingDaemonException e)
        {
            log.LogDebug("The daemon does not say who has a topic open: {Reason}", e.Message);
            return HereTopic.Merge(topic, told.Where(t => t.Topic == topic));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (_seats.IsEmpty && _told.Count == 0) await _wake.WaitAsync(stoppingToken);
                await LookAsync(stoppingToken);
                await Task.Delay(Pace, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        var topics = _seats.Keys.ToLookup(s => s.TopicId);
        await LookAtChoicesAsync([.. topics.SelectMany(t => t).Select(s => s.Person?.Id).OfType<Guid>().Distinct()], cancel);
        var own = topics.Select(Of).OrderByDescending(t => t.Count).ThenBy(t => t.Topic).ToList();
        List<HereTopic> told = [.. own.Where(t => !t.IsEmpty).Take(HereTopic.MaxTopics)];
        // The last word is that nobody is here. It is said once: if it is lost, silence says the same.
        _told = told;
        Tellings++;
        ILookup<Guid, HereTopic> others;
        try
        {
            var answer = await daemon.HereAsync(new(told, [.. own.Take(HereTopic.MaxTopics).Select(t => t.Topic)]), cancel);
            others = HereTopic.Sound(answer.Topics).ToLookup(t => t.Topic);
        }
        catch (RingDaemonException e)
        {
            log.LogDebug("The daemon does not say who has topics open: {Reason}", e.Message);
            others = Array.Empty<HereTopic>().ToLookup(t => t.Topic);
        }
        var lines = own.ToDictionary(t => t.Topic, t => HereTopic.Merge(t.Topic, others[t.Topic].Prepend(t)));
        _lines = lines;
        foreach (var seat in topics.SelectMany(t => t)) seat.Push(lines[seat.TopicId]);
    }

    /// <summary>Who reads here and has not been looked up; all of them when that was too long ago, or somebody has chosen here since. When the server does not answer, whoever is not known stays unseen.</summary>
    private async Task LookAtChoicesAsync(IReadOnlyList<Guid> accounts, CancellationToken cancel)
    {
        var made = choices.Made;
        if (accounts.All(_shown.ContainsKey) && made == _madeThen && _lookedAt is { } at && time.GetElapsedTime(at) < ChoiceLasts) return;
        if (accounts.Count == 0) return;
        try
        {
            var hidden = await choices.HiddenAsync(accounts, cancel);
            (_shown, _lookedAt, _madeThen) = (accounts.ToDictionary(a => a, a => !hidden.Contains(a)), time.GetTimestamp(), made);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            log.LogDebug("Who wants to be shown cannot be looked up: {Reason}", e.Message);
        }
    }

    private HereTopic Of(IGrouping<Guid, Seat> seats) =>
        HereTopic.Of(seats.Key, seats.Select(s => s.Person).OfType<HerePerson>().Where(p => _shown.GetValueOrDefault(p.Id)), 0, seats.Count(s => s.Person is null));

    /// <summary>One open page.</summary>
    public sealed class Seat : IDisposable
    {
        private readonly HereWatch _watch;
        private readonly Channel<HereTopic> _lines = Channel.CreateBounded<HereTopic>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        private HereTopic _last;

        internal Seat(HereWatch watch, Guid topic, HerePerson? person) => (_watch, TopicId, Person, _last) = (watch, topic, person, HereTopic.Nobody(topic));

        public Guid TopicId { get; }

        /// <summary>Null for a reader who is not signed in.</summary>
        public HerePerson? Person { get; }

        /// <summary>Who has the topic open, whenever that has changed; the latest only.</summary>
        public ChannelReader<HereTopic> Lines => _lines.Reader;

        public void Dispose() => _watch._seats.TryRemove(this, out _);

        internal void Push(HereTopic line)
        {
            if (line.Equals(_last)) return;
            _last = line;
            _lines.Writer.TryWrite(line);
        }
    }
}
