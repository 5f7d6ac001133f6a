using System.Text.Json.Serialization;

namespace Connect.Node.Presence;

/// <summary>Somebody who is signed in and has a topic open.</summary>
/// <param name="Id">The account: whoever has it open on two nodes is one person.</param>
/// <param name="Name">As others see it.</param>
public sealed record HerePerson(Guid Id, string Name);

/// <summary>
/// Who has a topic open: the first people by name, how many more there are, and how many readers are not signed in. It is never stored: it is true for some seconds,
/// and if it is lost or wrong, a line on a page is.
/// </summary>
/// <param name="People">At most <see cref="MaxPeople"/>, in the order of their names.</param>
/// <param name="More">People besides these. Who is among them on two nodes counts twice.</param>
/// <param name="Guests">Open pages of readers who are not signed in.</param>
public sealed record HereTopic(Guid Topic, IReadOnlyList<HerePerson> People, int More, int Guests)
{
    /// <summary>Names that a page shows, and that nodes tell each other.</summary>
    public const int MaxPeople = 12;

    /// <summary>Topics of which a node tells the others; of more, those with the most readers. Whole, that is about 200 KB of JSON.</summary>
    public const int MaxTopics = 128;

    /// <summary>Characters of a name: 40, and a suffix.</summary>
    private const int MaxName = 64;

    /// <summary>No number is believed to be greater.</summary>
    private const int MaxCount = 1_000_000;

    public static HereTopic Nobody(Guid topic) => new(topic, [], 0, 0);

    [JsonIgnore]
    public bool IsEmpty => Count == 0;

    [JsonIgnore]
    public int Count => People.Count + More + Guests;

    /// <summary>Of so many people (in any order, perhaps the same one several times) and guests.</summary>
    public static HereTopic Of(Guid topic, IEnumerable<HerePerson> people, int more, int guests)
    {
        var all = people.DistinctBy(p => p.Id).OrderBy(p => p.Name, StringComparer.OrdinalIgnoreCase).ThenBy(p => p.Id).ToList();
        var rest = Math.Max(0, all.Count - MaxPeople);
        return new(topic, rest == 0 ? all : all[..MaxPeople], more + rest, guests);
    }

    /// <summary>What several nodes say about one topic, as one. The order in which they say it makes no difference.</summary>
    public static HereTopic Merge(Guid topic, IEnumerable<HereTopic> parts)
    {
        var all = parts.ToList();
        return Of(topic, all.SelectMany(p => p.People), (int)Math.Min(MaxCount, all.Sum(p => (long)p.More)), (int)Math.Min(MaxCount, all.Sum(p => (long)p.Guests)));
    }

    /// <summary>What came from elsewhere, within the bounds: what is too much or makes no sense is left out.</summary>
    public static IReadOnlyList<HereTopic> Sound(IReadOnlyList<HereTopic?>? told) =>
    [
        .. (told ?? []).Take(MaxTopics).OfType<HereTopic>().DistinctBy(t => t.Topic).Select(t => Of(t.Topic,
            (t.People ?? []).Take(MaxPeople).Where(p => p is { Name.Length: > 0 and <= MaxName }), Math.Clamp(t.More, 0, MaxCount), Math.Clamp(t.Guests, 0, MaxCount))).Where(t => !t.IsEmpty),
    ];

    public bool Equals(HereTopic? other) =>
        other is not null && Topic == other.Topic && More == other.More && Guests == other.Guests && People.SequenceEqual(other.People);

    public override int GetHashCode() => HashCode.Combine(Topic, People.Count, More, Guests);
}

/// <summary>What a board tells its daemon: who is on its own pages, and of which topics it wants to know who is on the others'.</summary>
/// <param name="Asked">At most <see cref="HereTopic.MaxTopics"/>.</param>
public sealed record HereTold(IReadOnlyList<HereTopic?>? Topics, IReadOnlyList<Guid>? Asked);

/// <summary>The daemon's answer: who has these topics open on the other nodes. Topics that nobody has open there are not in it.</summary>
public sealed record HereAnswer(IReadOnlyList<HereTopic?>? Topics);

/// <summary>What a daemon tells another: who is on the pages of its board.</summary>
/// <param name="From">The member whose board it is.</param>
public sealed record HereOfMember(string? From, IReadOnlyList<HereTopic?>? Topics);
