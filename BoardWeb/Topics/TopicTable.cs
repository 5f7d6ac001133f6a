namespace Connect.BoardWeb.Topics;

/// <summary>What a place in a channel's list needs to know of a topic.</summary>
/// <param name="Channel">Where it is now.</param>
/// <param name="Latest">Its newest post that does not wait for a moderator; null if none has arrived here.</param>
/// <param name="Repeats">Another topic with the same request key is earlier: this one does not count.</param>
/// <param name="HeldFor">Its author, if the topic itself waits for a moderator or was rejected; else null.</param>
public sealed record TopicEntry(Guid Id, Guid Channel, Guid? Latest, bool Pinned, bool Hidden, bool Repeats, Guid? HeldFor = null);

/// <summary>A place in a list of topics.</summary>
/// <param name="Latest">The topic's newest post, as the list knows it: the cursor for what comes after.</param>
public readonly record struct TopicPlace(Guid Topic, Guid Latest);

/// <summary>
/// The topics of each channel in the order of their newest posts, in memory: about 300 bytes for each topic. Thread-safe, and without input and output.
/// </summary>
public sealed class TopicTable
{
    private static readonly Comparer<TopicPlace> NewestFirst = Comparer<TopicPlace>.Create((a, b) => b.Latest.CompareTo(a.Latest) is not 0 and var order ? order : b.Topic.CompareTo(a.Topic));

    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, TopicEntry> _topics = [];
    private readonly Dictionary<Guid, Lists> _channels = [];

    public int Count
    {
        get
        {
            lock (_gate) return _topics.Count;
        }
    }

    public bool Knows(Guid topic)
    {
        lock (_gate) return _topics.ContainsKey(topic);
    }

    /// <summary>A topic, or what has become of it. A newer post than this one's that was seen already stays its newest.</summary>
    /// <param name="anew">It does not: it may be one that is not shown any more.</param>
    public void Set(TopicEntry topic, bool anew = false)
    {
        lock (_gate)
        {
            var known = _topics.GetValueOrDefault(topic.Id);
            Replace(known, !anew && known?.Latest is { } seen && (topic.Latest is not { } latest || seen.CompareTo(latest) > 0) ? topic with { Latest = seen } : topic);
        }
    }

    /// <summary>A post has arrived. True if its topic is known.</summary>
    public bool Posted(Guid topic, Guid post)
    {
        lock (_gate)
        {
            if (!_topics.TryGetValue(topic, out var known)) return false;
            if (known.Latest is not { } latest || post.CompareTo(latest) > 0) Replace(known, known with { Latest = post });
            return true;
        }
    }

    /// <summary>It turned out to repeat an earlier one.</summary>
    public void Repeats(Guid topic)
    {
        lock (_gate)
        {
            if (_topics.TryGetValue(topic, out var known)) Replace(known, known with { Repeats = true });
        }
    }

    /// <summary>A channel's topics that are not pinned, those with the newest posts first.</summary>
    /// <param name="withHidden">For moderators: also what is hidden, or waits for them.</param>
    /// <param name="before">The <see cref="TopicPlace.Latest"/> of the page before; null for the first page.</param>
    /// <param name="reader">Sees what waits if it is their own.</param>
    public List<TopicPlace> Recent(Guid channel, bool withHidden, Guid? before, int limit, Guid? reader = null)
    {
        lock (_gate)
        {
            if (!_channels.TryGetValue(channel, out var lists)) return [];
            var places = before is { } cursor ? lists.Recent.GetViewBetween(new(Guid.Empty, cursor), Last).SkipWhile(p => p.Latest == cursor) : lists.Recent;
            return [.. places.Where(p => withHidden || IsSeenBy(reader, _topics[p.Topic])).Take(limit)];
        }
    }

    /// <summary>A channel's pinned topics, those with the newest posts first.</summary>
    public List<TopicPlace> Pinned(Guid channel, bool withHidden, int limit, Guid? reader = null)
    {
        lock (_gate) return _channels.TryGetValue(channel, out var lists) ? [.. lists.Pinned.Where(p => withHidden || IsSeenBy(reader, _topics[p.Topic])).Take(limit)] : [];
    }

    /// <summary>The newest post that everybody sees in this channel; null if there is none.</summary>
    public Guid? Latest(Guid channel) => Recent(channel, false, null, 1).Concat(Pinned(channel, false, 1)).Select(p => (Guid?)p.Latest).Max();

    /// <summary>Where these topics stand; without those that are not here, or do not count.</summary>
    public List<TopicPlace> Places(IReadOnlyCollection<Guid> topics)
    {
        lock (_gate) return [.. topics.Select(t => _topics.TryGetValue(t, out var known) ? PlaceOf(known) : null).OfType<TopicPlace>()];
    }

    /// <summary>Somebody who is no moderator sees this topic, as far as is known: one that is not known is not hidden either.</summary>
    public bool IsSeenBy(Guid? reader, Guid topic)
    {
        lock (_gate) return !_topics.TryGetValue(topic, out var known) || IsSeenBy(reader, known);
    }

    private static TopicPlace Last => new(Guid.Empty, Guid.Empty);

    private static bool IsSeenBy(Guid? reader, TopicEntry topic) => !topic.Hidden && (topic.HeldFor is null || topic.HeldFor == reader);

    private void Replace(TopicEntry? before, TopicEntry after)
    {
        if (before == after) return;
        if (before is not null && PlaceOf(before) is { } old) ListOf(before).Remove(old);
        _topics[after.Id] = after;
        if (PlaceOf(after) is { } place) ListOf(after).Add(place);
    }

    /// <summary>None for a topic that is not shown: one without posts, or that repeats another.</summary>
    private static TopicPlace? PlaceOf(TopicEntry topic) => topic is { Latest: { } latest, Repeats: false } ? new(topic.Id, latest) : null;

    private SortedSet<TopicPlace> ListOf(TopicEntry topic)
    {
        if (!_channels.TryGetValue(topic.Channel, out var lists)) _channels[topic.Channel] = lists = new();
        return topic.Pinned ? lists.Pinned : lists.Recent;
    }

    private sealed class Lists
    {
        public SortedSet<TopicPlace> Recent { get; } = new(NewestFirst);

        public SortedSet<TopicPlace> Pinned { get; } = new(NewestFirst);
    }
}
