using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Threading.Channels;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Membership;

/// <summary>
/// Membership for the rest of the daemon: a thin shell around <see cref="MembershipCore"/>. One thread of its own feeds the core and carries out its effects;
/// everything else only puts inputs into its queue. No method here waits, except <see cref="LeaveAsync"/>.
/// </summary>
public sealed partial class MembershipHost : IAsyncDisposable
{
    private const int InboxCapacity = 1024;

    /// <summary>Inputs taken in a row before time is allowed to pass.</summary>
    private const int Burst = 256;

    /// <summary>The loop wakes at least this often, so that a longer gap shows that the whole process stood still.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan StallAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>How long deadlines wait for the socket to be read empty.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly ILogger<MembershipHost> _log;
    private readonly MembershipStore _store;
    private readonly MembershipCore _core;
    private readonly Inbox _inbox = new(InboxCapacity);
    private readonly SealedPackets _seal;
    private readonly GossipSocket _socket;
    private readonly ExchangeRunner _exchanges;
    private readonly ViewFeed _views;
    private readonly Thread _loop;
    private readonly List<Effect> _effects = [];
    private readonly TaskCompletionSource _farewell = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _me;
    private Persist _known;
    private Task _saving = Task.CompletedTask;
    private int _saverBusy;
    private volatile bool _closing;
    private bool _leaving;
    private long _stalls;
    private int _awareness;

    /// <exception cref="System.Net.Sockets.SocketException">The port is taken.</exception>
    /// <exception cref="ArgumentException">The facts hold something that does not fit into a packet.</exception>
    public MembershipHost(MembershipSetup setup, IExchangeClient client, ILogger<MembershipHost> log, TimeProvider time)
    {
        Check(setup.Facts);
        (_time, _log, _me, _origin) = (time, log, setup.Facts.Name, time.GetTimestamp());
        _store = new(setup.StateFolder);
        var remembered = _store.Load(out var fault);
        if (fault is not null) Warn(fault);
        var former = remembered.FirstOrDefault(m => m.Name == _me)?.Incarnation ?? 0;
        // From the wall clock, so that it beats the former self even when the file is lost; above the file, in case the clock went back.
        var incarnation = Math.Max((ulong)time.GetUtcNow().ToUnixTimeMilliseconds(), former + 1);
        var seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));
        _core = new(setup.Options, setup.Facts, incarnation, seed, remembered, Now);
        _views = new(_core.View);
        _known = new(_core.Reports);
        _seal = new(setup.Keys, setup.Cluster, "gossip", WireLimits.Packet, time);
        _socket = new(setup.ListenAt(), _seal, _inbox, time);
        _exchanges = new(_me, setup.Keys, setup.Cluster, client, _inbox, () => Volatile.Read(ref _known).Members, time);
        _loop = new(Loop) { IsBackground = true, Name = "membership" };
    }

    /// <summary>The newest view.</summary>
    public View Current => _views.Current;

    public MembershipStats Stats => new(
        _seal.Stats, _exchanges.Stats, _socket.Unsent, _inbox.Dropped, Interlocked.Read(ref _stalls), Volatile.Read(ref _awareness));

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    public void Start()
    {
        _socket.Start();
        _loop.Start();
    }

    /// <summary>A reader that gets the current view at once and then each newer one; a slow reader skips to the newest. It completes when the host is disposed.</summary>
    public ChannelReader<View> Subscribe() => _views.Subscribe();

    /// <summary>Looks for the ring through these daemons until each has answered or is known. Remembered members are tried without being named here.</summary>
    public void Join(IEnumerable<string> daemonUrls)
    {
        var own = Current.Find(_me)?.Facts.DaemonUrl;
        List<string> seeds = [.. daemonUrls.Where(url => url != own)];
        if (seeds.Count > 0) _ = Task.Run(() => _exchanges.Join(seeds));
    }

    /// <summary>What this node has to say about itself changed: goes to everyone at once. The same facts again are no news.</summary>
    /// <exception cref="ArgumentException">A field does not fit into a packet, or the name changed.</exception>
    public void SetFacts(MemberFacts facts)
    {
        Check(facts);
        if (facts.Name != _me) throw new ArgumentException($"{_me} cannot become {facts.Name}: a name is for life.", nameof(facts));
        _inbox.Post(new SetFacts(facts));
    }

    /// <summary>
    /// A connection to this incarnation of the member was refused or reset: it is unreachable at once and for everyone, unless a newer incarnation is known.
    /// It refutes if it lives.
    /// </summary>
    public void HardEvidence(string name, ulong incarnation, string why) => _inbox.Post(new HardEvidence(name, incarnation, why));

    /// <summary>Traffic of another kind shows that it lives: a suspicion of mine waits longer, within limits.</summary>
    public void SignOfLife(string name) => _inbox.Post(new SignOfLife(name));

    /// <summary>It will not come back: it counts as left. If it lives, it refutes.</summary>
    public void Forget(string name) => _inbox.Post(new Forget(name));

    /// <summary>Says goodbye; returns when everyone should have heard, at the latest after <paramref name="deadline"/>. Dispose afterwards.</summary>
    public async Task LeaveAsync(TimeSpan deadline)
    {
        _inbox.Post(new Leave());
        await Task.WhenAny(_farewell.Task, Task.Delay(deadline, _time));
    }

    /// <summary>The server side of <c>POST /v1/exchange</c>.</summary>
    /// <param name="sealedBody">At most <see cref="WireLimits.Exchange"/> bytes.</param>
    /// <returns>The sealed answer; null if the body is not from this cluster (answer 400).</returns>
    public byte[]? HandleExchange(byte[] sealedBody) => _exchanges.Answer(sealedBody);

    public async ValueTask DisposeAsync()
    {
        _closing = true;
        _inbox.Wake();
        if (_loop.IsAlive) _loop.Join(TimeSpan.FromSeconds(2));
        _socket.Dispose();
        _exchanges.Dispose();
        _views.Complete();
        await _saving;
        _seal.Dispose();
    }

    private static void Check(MemberFacts facts)
    {
        if (!WireLimits.IsName(facts.Name)) throw new ArgumentException($"'{facts.Name}' is not a name: 1 to 32 of a-z, 0-9 and '-'.", nameof(facts));
        if (facts.Source is { } source && !WireLimits.IsName(source)) throw new ArgumentException($"'{source}' is not a member's name.", nameof(facts));
        if (facts.Unreached.Names.Length > WireLimits.Unreached || !facts.Unreached.Names.All(WireLimits.IsName)) throw new ArgumentException($"'{facts.Unreached}' are not up to {WireLimits.Unreached} members' names.", nameof(facts));
        // With room for the names of members that it may not reach one day: what fits now must fit then.
        if (MessageCodec.SizeOf(Rumour.Alive(facts with { Unreached = NameList.None }, 0)) > WireLimits.Rumour - (WireLimits.Unreached * (1 + WireLimits.Name)))
            throw new ArgumentException($"What {facts.Name} says about itself does not fit into a packet (texts up to {WireLimits.Text} bytes, {WireLimits.Rumour} in all).", nameof(facts));
    }

    private void Loop()
    {
        var beat = Now;
        var taken = 0;
        var drainUntil = TimeSpan.Zero;
        while (!_closing)
        {
            var due = _core.Due - Now;
            if (due > TimeSpan.Zero) _inbox.Wait(due < Beat ? due : Beat);
            var now = Now;
            if (now - beat > StallAfter)
            {
                Interlocked.Increment(ref _stalls);
                drainUntil = now + DrainLimit;
                Step(now, new Stalled(now - beat));
            }
            beat = now;
            if (taken < Burst && _inbox.TryTake(out var input))
            {
                taken++;
                Step(now, input!);
                continue;
            }
            if (_core.Due > now) continue;
            // Whoever is about to be judged may have answered long ago: what waits in the socket is read first.
            if (taken < Burst && _socket.Waiting && now < Later(drainUntil, _core.Due + DrainLimit))
            {
                _inbox.Wait(TimeSpan.FromMilliseconds(2));
                continue;
            }
            taken = 0;
            Step(now, Tick.Instance);
        }
    }

    private void Step(TimeSpan now, Input input)
    {
        _effects.Clear();
        _core.Step(now, input, _effects);
        Volatile.Write(ref _awareness, _core.AwarenessScore);
        foreach (var effect in _effects) Execute(effect);
        _leaving |= input is Leave;
        if (_leaving && !_core.HasNews) _farewell.TrySetResult();
    }

    private void Execute(Effect effect)
    {
        switch (effect)
        {
            case Send send: _socket.Send(send.Address, send.Message); break;
            case ExchangeWith exchange: _exchanges.Begin(exchange); break;
            case ViewChanged changed: _views.Publish(changed.View); break;
            case Persist persist: Save(persist); break;
            case Note note: Say(note.Text); break;
        }
    }

    /// <summary>One save at a time, off the loop: a disk that hangs must not make this node deaf. What changes meanwhile is saved next.</summary>
    private void Save(Persist known)
    {
        Volatile.Write(ref _known, known);
        if (Interlocked.Exchange(ref _saverBusy, 1) == 0) _saving = Task.Run(SaveWhatIsKnown);
    }

    private void SaveWhatIsKnown()
    {
        Persist saved;
        do
        {
            saved = Volatile.Read(ref _known);
            try
            {
                _store.Save(saved.Members);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Warn($"members cannot be saved: {e.Message}");
            }
            Interlocked.Exchange(ref _saverBusy, 0);
        }
        while (!ReferenceEquals(saved, Volatile.Read(ref _known)) && Interlocked.Exchange(ref _saverBusy, 1) == 0);
    }

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;

    [LoggerMessage(Level = LogLevel.Information, Message = "{Text}")]
    private partial void Say(string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Text}")]
    private partial void Warn(string text);
}
