using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Ring;

/// <summary>This node begins to say that it cannot reach a member's server, or takes it back.</summary>
public sealed record LinkVerdict(string Member, bool Broken, string Why);

/// <summary>
/// Imagine a friend who does not answer your calls while everybody else says that he is well: it is the line, not the friend. A member's server that has been silent for a while, although
/// gossip holds the member alive and its own daemon says that the server is up, is behind a broken link. That is said to everyone, and the ring's order goes around it. It is taken back
/// when the server has answered for a while without a break, longer each time, so that a link that comes and goes does not move people in circles. Pure: time and findings come in.
/// </summary>
/// <param name="options">How long each takes.</param>
public sealed class BrokenLinks(RingOptions options)
{
    /// <summary>A node that cannot reach more members than these has a broken network, and no order helps it.</summary>
    public const int Most = Membership.Wire.WireLimits.Unreached;

    private readonly HoldDown _hold = new(options.LinkHealsAfter, options.LongestHoldDown, memory: TimeSpan.FromMinutes(10));
    private readonly SortedDictionary<string, TimeSpan?> _answersSince = new(StringComparer.Ordinal);
    private string? _silent;
    private TimeSpan _silentSince;

    /// <summary>Whose servers this node says it cannot reach.</summary>
    public NameList Names { get; private set; } = NameList.None;

    /// <summary>A watch found this. A refusal is an answer of the machine's: the link works.</summary>
    public void Found(string member, bool answers, TimeSpan now)
    {
        if (_answersSince.TryGetValue(member, out var since)) _answersSince[member] = answers ? since ?? now : null;
        else if (!answers && _silent != member) (_silent, _silentSince) = (member, now);
        else if (answers && _silent == member) _silent = null;
    }

    /// <summary>Only this member is watched from now on: the silence of another one is not followed any more.</summary>
    public void Watching(string? member)
    {
        if (_silent != member) _silent = null;
    }

    /// <summary>This process did not run for a while: what was silent, or answered, may have changed meanwhile.</summary>
    public void Paused(TimeSpan now)
    {
        _silentSince = now;
        foreach (var member in _answersSince.Keys.ToArray()) if (_answersSince[member] is not null) _answersSince[member] = now;
    }

    /// <returns>What is said from now on, or not any more.</returns>
    public IReadOnlyList<LinkVerdict> Judge(View view, TimeSpan now)
    {
        List<LinkVerdict> verdicts = [];
        foreach (var (name, since) in _answersSince.ToArray())
        {
            if (view.Find(name) is not { Liveness: not Liveness.Left }) verdicts.Add(new(name, false, "it is not a member any more"));
            else if (since is { } answers && now - answers >= _hold.For(name, now)) verdicts.Add(new(name, false, $"its MySQL has answered for {(now - answers).TotalSeconds:0} s"));
        }
        foreach (var over in verdicts) _answersSince.Remove(over.Member);
        // Somebody who dies falls silent too; by now gossip, or its own daemon, would have said so. While they do, silence says nothing about the link, nor does it in the moment after
        // (simulate --draw return --seed 139).
        if (_silent is { } silent && view.Find(silent) is not { Liveness: Liveness.Alive, Facts.MysqlUp: true }) _silentSince = now;
        else if (_silent is { } member && now - _silentSince >= options.LinkBrokenAfter && _answersSince.Count < Most)
        {
            _hold.Failed(member, now);
            _answersSince[member] = null;
            _silent = null;
            verdicts.Add(new(member, true, $"its MySQL has been silent to this node for {(now - _silentSince).TotalSeconds:0} s, and gossip and its own daemon say that it is well"));
        }
        if (verdicts.Count > 0) Names = new(_answersSince.Keys);
        return verdicts;
    }
}
