using System.Globalization;
using System.Text;
using Connect.LoadTests.Ring;
using Connect.Node.Database;

namespace Connect.LoadTests.Pages;

/// <summary>
/// Years of discussion, brought into a node's server past the board: one topic of <see cref="BigTopicPosts"/> posts, the other posts in all others, those that were opened last get the most.
/// Moderators have looked at one post in a hundred before others saw it, and have locked one topic in fifty. Everything is drawn from one seed. The rows have an origin of their own, whose ids rise, so the board notices them as it notices what another node wrote.
/// </summary>
public sealed class BigBoard(int topics, int posts, int bigTopicPosts)
{
    public const int Channels = 20;
    private const int Accounts = 1000;
    private const int Words = 6000;
    private const int Origin = 4_000_000;
    private const int PerTransaction = 5_000;

    /// <summary>Topics that are talked about at the same time.</summary>
    private const int Busy = 2_000;

    private static readonly DateTimeOffset Begin = DateTimeOffset.UtcNow.AddDays(-3 * 365), End = DateTimeOffset.UtcNow.AddMinutes(-5);

    private readonly Random _random = new(20120601);
    private readonly string[] _words = Vocabulary();
    private readonly Guid[] _accounts = new Guid[Accounts], _channels = new Guid[Channels], _topics = new Guid[topics];
    private long _made;

    public int BigTopicPosts => bigTopicPosts;

    /// <summary>The one with the most posts.</summary>
    public Guid BigTopic => _topics[0];

    public IReadOnlyList<Guid> Topics => _topics;

    /// <summary>Some of the big topic's posts, from all over it, in their order.</summary>
    public List<Guid> BigTopicSamples { get; } = [];

    /// <summary>Only the very last post has it.</summary>
    public string LastWord => "zuletzt" + posts.ToString(CultureInfo.InvariantCulture);

    public static string SlugOf(int channel) => $"channel-{channel}";

    /// <summary>A word by how common it is, from 0.</summary>
    public string WordAt(int rank) => _words[rank];

    /// <exception cref="DatabaseUnavailableException">The server refused.</exception>
    public async Task FillAsync(RingMember node, TextWriter progress, CancellationToken cancel)
    {
        using var database = node.OpenDatabase(driverSeconds: 60);
        for (var i = 0; i < Accounts; i++) _accounts[i] = NextId(0);
        for (var i = 0; i < Channels; i++) _channels[i] = NextId(0);
        await BulkRows.InsertAsync(database, "account (id, node, name, name_key)", _accounts.Select((id, i) => $"({Hex(id)},{Origin},'person{i}','person{i}')"), cancel);
        await BulkRows.InsertAsync(database, "channel (id, node, author_id, slug, title)", _channels.Select((id, i) => $"({Hex(id)},{Origin},{Hex(_accounts[0])},'{SlugOf(i)}','Channel {i}')"), cancel);
        var (topicRows, postRows, decisionRows) = (new List<string>(), new List<string>(), new List<string>());
        // A topic is opened every so many posts; the rest of the time people answer.
        var (every, opened) = (posts / (double)topics, 0);
        for (var made = 0; made < posts; made++)
        {
            var opens = opened < topics && made >= opened * every;
            var id = NextId(made / (double)posts);
            var author = _accounts[_random.Next(Accounts)];
            if (opens) topicRows.Add($"({Hex(_topics[opened++] = NextId(made / (double)posts))},{Origin},{Hex(_channels[_random.Next(Channels)])},{Hex(author)},'{Sentence(3 + _random.Next(8))}')");
            var big = !opens && _random.NextDouble() < bigTopicPosts / (double)(posts - topics);
            var topic = opens ? _topics[opened - 1] : big ? BigTopic : _topics[Math.Max(0, opened - 1 - (int)(Busy * Math.Pow(_random.NextDouble(), 3)))];
            if (topic == BigTopic && _random.Next(bigTopicPosts / 500 + 1) == 0) BigTopicSamples.Add(id);
            postRows.Add($"({Hex(id)},{Origin},{Hex(topic)},{Hex(author)},'{Body()}{(made == posts - 1 ? " " + LastWord : "")}')");
            if (opens && _random.Next(50) == 0) decisionRows.Add(Decision(made, topic, "locked", "1", _accounts[0]));
            if (!opens && _random.Next(100) == 0) decisionRows.AddRange([Decision(made, id, "waits", "wait:new", author), Decision(made, id, "waits", "", _accounts[0])]);
            if (postRows.Count < PerTransaction && made < posts - 1) continue;
            await BulkRows.InsertAsync(database, "decision (id, node, subject_id, property, value, author_id, reason)", decisionRows, cancel);
            // Topics first: a topic without a post is not shown, a post without a topic would be odd.
            await BulkRows.InsertAsync(database, "topic (id, node, channel_id, author_id, title)", topicRows, cancel);
            await BulkRows.InsertAsync(database, "post (id, node, topic_id, author_id, body)", postRows, cancel);
            decisionRows.Clear();
            topicRows.Clear();
            postRows.Clear();
            if ((made + 1) % (PerTransaction * 40) == 0) await progress.WriteLineAsync($"{made + 1:n0} posts");
        }
    }

    private string Decision(int made, Guid subject, string property, string value, Guid by) => $"({Hex(NextId(made / (double)posts))},{Origin},{Hex(subject)},'{property}','{value}',{Hex(by)},'')";

    /// <summary>Ids rise, whatever the time is.</summary>
    private Guid NextId(double when)
    {
        var milliseconds = (Begin + when * (End - Begin)).ToUnixTimeMilliseconds() + _made / 4096;
        var counter = _made++ % 4096;
        return BulkRows.Id(milliseconds, counter, _random);
    }

    private string Body()
    {
        var text = new StringBuilder();
        var paragraphs = 1 + _random.Next(3);
        for (var p = 0; p < paragraphs; p++)
        {
            if (p > 0) text.Append("\n\n");
            text.Append(_random.Next(12) switch
            {
                0 => "> " + Sentence(12),
                1 => "- " + Sentence(6) + "\n- " + Sentence(6),
                2 => "see https://example.org/" + Word(),
                3 => "`" + Word() + "` and **" + Word() + "** " + Sentence(10),
                _ => Sentence(8 + _random.Next(40)),
            });
        }
        return text.ToString();
    }

    private string Sentence(int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Word()));

    /// <summary>Few words are most of what is written (Zipf's law, nearly).</summary>
    private string Word() => _words[(int)(Words * Math.Pow(_random.NextDouble(), 4))];

    private static string[] Vocabulary()
    {
        var random = new Random(7);
        var words = new HashSet<string>();
        while (words.Count < Words)
        {
            var word = new StringBuilder();
            for (var syllables = 1 + random.Next(4); syllables > 0; syllables--) word.Append("bdfghklmnprstvz"[random.Next(15)]).Append("aeiou"[random.Next(5)]);
            words.Add(word.Append("nrst"[random.Next(4)]).ToString());
        }
        return [.. words];
    }

    private static string Hex(Guid id) => $"x'{id:N}'";
}
