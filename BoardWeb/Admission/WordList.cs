using System.Buffers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Admission;

/// <summary>What becomes of a text that has a listed word.</summary>
public static class WordEffect
{
    /// <summary>It is not taken; it is taken, and waits for a moderator.</summary>
    public const string Refuse = "refuse", Wait = "wait";

    public static readonly IReadOnlyList<string> All = [Refuse, Wait];

    /// <summary>What is wrong with an effect, or null.</summary>
    public static string? Fault(string effect) => All.Contains(effect) ? null : T["WordEffectUnknown", string.Join(", ", All)];
}

/// <summary>A word or a phrase that is not taken in posts, or only after a moderator has looked.</summary>
/// <param name="Text">As a moderator wrote it.</param>
/// <param name="Effect">One of <see cref="WordEffect.All"/>.</param>
/// <param name="Decision">Who listed it, when and why.</param>
public sealed record ListedWord(string Text, string Effect, Decision Decision);

/// <summary>
/// Words and phrases that posts and titles may not have, or that a moderator looks at first. Each is a decision about a subject of its own, made of the word itself: what two sides of a partition decide about one word becomes what was
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

    /// <summary>Before the word in a decision's value: it is listed with this <see cref="WordEffect"/>, or was dropped.</summary>
    private const string Refused = WordEffect.Refuse + ":", Waits = WordEffect.Wait + ":", Dropped = "drop:";

    private volatile Snapshot? _snapshot;

    /// <summary>What is wrong with an entry, or null.</summary>
    public static string? Fault(string? word) => string.IsNullOrWhiteSpace(word) ? T["WordMissing"]
        : word.Length > MaxLength ? T["WordTooLong", MaxLength, word.Length]
        : word.Any(char.IsControl) ? T["WordControl"]
        : FoldedText.Of(word) == " " ? T["WordNothing"] : null;

    /// <summary>The word that a decision is about, and the effect with which it was listed by it; null: it was taken from the list.</summary>
    public static (string Word, string? Effect) Read(string value) =>
        value.StartsWith(Refused, StringComparison.Ordinal) ? (value[Refused.Length..], WordEffect.Refuse)
        : value.StartsWith(Waits, StringComparison.Ordinal) ? (value[Waits.Length..], WordEffect.Wait)
        : (value.StartsWith(Dropped, StringComparison.Ordinal) ? value[Dropped.Length..] : value, null);

    /// <summary>The list as it is now, in the order of its words.</summary>
    /// <exception cref="Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<IReadOnlyList<ListedWord>> AllAsync(CancellationToken cancel) => (await ReadAsync(cancel)).Words;

    /// <summary>The listed words that one of these texts has, whatever their effects.</summary>
    /// <exception cref="Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<IReadOnlyList<ListedWord>> InAsync(CancellationToken cancel, params string?[] texts)
    {
        var list = _snapshot is { } known && time.GetElapsedTime(known.At) < Known ? known : await ReadAsync(cancel);
        return list.Folded.Count == 0 ? [] : [.. texts.OfType<string>().SelectMany(list.In).Distinct()];
    }

    /// <summary>Puts a word on the list, or takes it from there.</summary>
    /// <param name="word">Without a <see cref="Fault"/>.</param>
    /// <param name="effect">One of <see cref="WordEffect.All"/>; null takes it from the list.</param>
    /// <returns>Null if it is so already.</returns>
    /// <exception cref="InvalidOperationException">The list is full.</exception>
    public async Task<WriteResult?> DecideAsync(string word, string? effect, ClaimsPrincipal by, string? reason, CancellationToken cancel)
    {
        var list = await ReadAsync(cancel);
        var before = list.Folded.GetValueOrDefault(FoldedText.Of(word))?.Effect;
        if (before == effect) return null;
        if (before is null && list.Words.Count >= MaxWords) throw new InvalidOperationException(T["WordListFull", MaxWords]);
        var result = await deciding.DecideAsync(by, reason, [new(SubjectOf(word), Decidable.Word, (effect is null ? Dropped : effect + ":") + word.Trim())]);
        _snapshot = null;
        return result;
    }

    /// <summary>Spellings of one word are one subject.</summary>
    private static Guid SubjectOf(string word) => new(SHA256.HashData(Encoding.UTF8.GetBytes("word:" + FoldedText.Of(word))).AsSpan(0, 16), bigEndian: true);

    private async Task<Snapshot> ReadAsync(CancellationToken cancel)
    {
        var at = time.GetTimestamp();
        var found = await database.ReadAsync(c => decisions.Latest(c, Decidable.Word, Refused, 2 * MaxWords).Concat(decisions.Latest(c, Decidable.Word, Waits, 2 * MaxWords)).ToList(), cancel);
        List<ListedWord> words = [.. found.Select(d => (Read: Read(d.Value), Decision: d)).Select(w => new ListedWord(w.Read.Word, w.Read.Effect!, w.Decision)).OrderBy(w => FoldedText.Of(w.Text), StringComparer.Ordinal)];
        return _snapshot = new(at, words);
    }

    /// <summary>The list as it was at some time, made ready to look for all of it at once.</summary>
    private sealed class Snapshot(long at, IReadOnlyList<ListedWord> words)
    {
        private SearchValues<string>? _all;

        public long At => at;

        public IReadOnlyList<ListedWord> Words => words;

        public IReadOnlyDictionary<string, ListedWord> Folded { get; } = words.GroupBy(w => FoldedText.Of(w.Text)).Where(g => g.Key != " ").ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);

        /// <summary>In the order in which a text has them.</summary>
        public IEnumerable<ListedWord> In(string text)
        {
            var folded = FoldedText.Of(text);
            _all ??= SearchValues.Create([.. Folded.Keys], StringComparison.Ordinal);
            // Most texts have none, and need not be looked through for each.
            return folded.AsSpan().IndexOfAny(_all) < 0 ? []
                : Folded.Select(w => (Word: w.Value, Place: folded.IndexOf(w.Key, StringComparison.Ordinal))).Where(w => w.Place >= 0).OrderBy(w => w.Place).Select(w => w.Word);
        }
    }
}
