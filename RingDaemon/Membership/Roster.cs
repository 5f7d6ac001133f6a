using System.Collections.Immutable;

namespace Connect.RingDaemon.Membership;

/// <summary>Everyone this node knows, itself included, and the snapshots of it. Sorted by name, so that decisions do not depend on the order of arrival.</summary>
internal sealed class Roster
{
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    private readonly SortedSet<string> _remembered = new(StringComparer.Ordinal);

    public int Count => _entries.Count;

    public bool Changed { get; private set; } = true;

    public View View { get; private set; } = new(0, []);

    public IEnumerable<Entry> All => _entries.Values;

    /// <summary>Members that count for suspicion and dissemination: everyone who is not gone or unreachable, this node included.</summary>
    public int Living { get; private set; }

    public bool AnyUnreachable { get; private set; }

    public Entry? Find(string name) => _entries.GetValueOrDefault(name);

    public void Put(MemberReport report, TimeSpan now)
    {
        var before = Find(report.Name);
        if (before?.Report == report) return;
        var since = before?.Report.Liveness == report.Liveness ? before.Since : now;
        var address = before?.Report.Facts.DaemonUrl == report.Facts.DaemonUrl ? before.Address : MemberAddress.Of(report.Facts.DaemonUrl) ?? "";
        _entries[report.Name] = new(report, address, since);
        if (before?.Report.FactsIncarnation != report.FactsIncarnation) _remembered.Remove(report.Name);
        Touch();
    }

    /// <summary>Known from before a restart, and maybe no longer true.</summary>
    public void Remember(MemberReport report, TimeSpan now)
    {
        Put(report, now);
        _remembered.Add(report.Name);
    }

    /// <summary>The member has said itself what holds now.</summary>
    public void Confirm(string name)
    {
        if (_remembered.Remove(name)) Touch();
    }

    public void Remove(string name)
    {
        _remembered.Remove(name);
        if (_entries.Remove(name)) Touch();
    }

    public ImmutableArray<MemberReport> Reports() => [.. _entries.Values.Select(e => e.Report)];

    /// <summary>A new snapshot with the next version.</summary>
    public View Publish()
    {
        Changed = false;
        return View = new(View.Version + 1, [.. _entries.Values.Select(e => new Member(e.Report.Facts, e.Report.Incarnation, e.Report.Liveness))])
        {
            Remembered = [.. _remembered],
        };
    }

    private void Touch()
    {
        Changed = true;
        Living = _entries.Values.Count(e => e.Report.Liveness is Liveness.Alive or Liveness.Suspect);
        AnyUnreachable = _entries.Values.Any(e => e.Report.Liveness == Liveness.Unreachable);
    }

    /// <param name="Address"><c>host:port</c> for packets.</param>
    /// <param name="Since">When its liveness last changed.</param>
    internal sealed record Entry(MemberReport Report, string Address, TimeSpan Since)
    {
        public string Name => Report.Name;

        public Liveness Liveness => Report.Liveness;
    }
}
