using System.Buffers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Admission;

/// <summary>A word or a phrase that is not taken in posts.</summary>
/// <param name="Text">As a moderator wrote it.</param>
/// <param name="Decision">Who listed it, when and why.</param>
public sealed record ListedWord(string Text, Decision Decision);

/// <summary>
/// Words and phrases that posts and titles may not have. Each is a decision about a subject of its own, made of the word itself: what two sides of a partition decide about one word becomes what was
/// decided last. They are compared as <see cref="FoldedText"/>, as whole words; they are words, never patterns.
/// </summary>
public sealed class WordList(BoardDatabase database, DecisionReader decisions, Deciding deciding, TimeProvider time)
{
    /// <summary>Words on the list. Two sides of a partition can make it longer, up to twice that; of more the rest is passed over.</summary>
    public const int MaxWords = 500;

    /// <summary>Characters of a word or phrase.</summary>
    public const int MaxLength = 80;

    /// <summary>For how long a node takes the list for what it was. 5 s.</summary>
    public static readonly TimeSpan Known = TimeSpan.FromSeconds(5);

    /// <summary>Before the word in a decision's value.</summary>
    private const string Listed = "refuse:", Dropped = "drop:";

    private volatile Snapshot? _snapshot;

    /// <summary>What is wrong with an entry, or null.</summary>
    public static string? Fault(string? word) => string.IsNullOrWhiteSpace(word) ? T["WordMissing"]
        : word.Length > MaxLength ? T["WordTooLong", MaxLength, word.Length]
        : word.Any(char.IsControl) ? T["WordControl"]
        : FoldedText.Of(word) == " " ? T["WordNothing"] : null;

    /// <summary>The word that a decision is about, and whether it was listed by it.</summary>
    public static (string Word, bool Listed) Read(string value) => value.StartsWith(Listed, StringComparison.Ordinal) ? (value[Listed.Length..], true)
        : (value.StartsWith(Dropped, StringComparison.Ordinal) ? value[Dropped.Length..] : value, false);

    /// <summary>The list as it is now, in the order of its words.</summary>
    /// <exception cref="Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<IReadOnlyList<ListedWord>> AllAsync(CancellationToken cancel) => (await ReadAsync(cancel)).Words;

    /// <summary>A listed word that one of these texts has; null if none does.</summary>
    /// <exception cref="Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<ListedWord?> FirstInAsync(CancellationToken cancel, params string?[] texts)
    {
        var list = _snapshot is { } known && time.GetElapsedTime(known.At) < Known ? known : await ReadAsync(cancel);
        return list.Folded.Count == 0 ? null : texts.OfType<string>().Select(list.FirstIn).FirstOrDefault(found => found is not null);
    }

    /// <summary>Puts a word on the list, or with <paramref name="listed"/> false takes it from there.</summary>
    /// <param name="word">Without a <see cref="Fault"/>.</param>
    /// <returns>Null if it is so already.</returns>
    /// <exception cref="InvalidOperationException">The list is full.</exception>
    public async Task<WriteResult?> DecideAsync(string word, bool listed, ClaimsPrincipal by, string? reason, CancellationToken cancel)
    {
        var list = await ReadAsync(cancel);
        if (list.Folded.ContainsKey(FoldedText.Of(word)) == listed) return null;
        if (listed && list.Words.Count >= MaxWords) throw new InvalidOperationException(T["WordListFull", MaxWords]);
        var result = await deciding.DecideAsync(by, reason, [new(SubjectOf(word), Decidable.Word, (listed ? Listed : Dropped) + word.Trim())]);
        _snapshot = null;
        return result;
    }

    /// <summary>Spellings of one word are one subject.</summary>
    private static Guid SubjectOf(string word) => new(SHA256.HashData(Encoding.UTF8.GetBytes("word:" + FoldedText.Of(word))).AsSpan(0, 16), bigEndian: true);

    private async Task<Snapshot> ReadAsync(CancellationToken cancel)
    {
        var at = time.GetTimestamp();
        var found = await database.ReadAsync(c => decisions.Latest(c, Decidable.Word, Listed, 2 * MaxWords), cancel);
        List<ListedWord> words = [.. found.Select(d => new ListedWord(Read(d.Value).Word, d)).OrderBy(w => FoldedText.Of(w.Text), StringComparer.Ordinal)];
        return _snapshot = new(at, words);
    }

    /// <summary>The list as it was at some time, made ready to look for all of it at once.</summary>
    private sealed class Snapshot(long at, IReadOnlyList<ListedWord> words)
    {
        private SearchValues<string>? _all;

        public long At => at;

        public IReadOnlyList<ListedWord> Words => words;

        public IReadOnlyDictionary<string, ListedWord> Folded { get; } = words.GroupBy(w => FoldedText.Of(w.Text)).Where(g => g.Key != " ").ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);

        public ListedWord? FirstIn(string text)
        {
            var folded = FoldedText.Of(text);
            _all ??= SearchValues.Create([.. Folded.Keys], StringComparison.Ordinal);
            var place = folded.AsSpan().IndexOfAny(_all);
            return place < 0 ? null : Folded.First(w => folded.AsSpan(place).StartsWith(w.Key, StringComparison.Ordinal)).Value;
        }
    }
}
