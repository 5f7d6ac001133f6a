using System.Data.Common;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Storage;
using Dapper;
using Markdig.Helpers;
using Markdig.Parsers;
using Markdig.Syntax.Inlines;

namespace Connect.BoardWeb.Attention;

/// <summary>
/// <c>@name</c> in a text, or <c>@"a name with spaces"</c>, or <c>@name~ab12</c> for one of several people of one name. Not after a letter, a digit or anything else that an address can
/// have before its <c>@</c>; code and addresses are another parser's, and come first.
/// </summary>
internal sealed class MentionParser : InlineParser
{
    /// <summary>A name, its suffix (<c>~ab12</c>) and one more, by which it is too long.</summary>
    private const int MaxNamed = AccountName.MaxLength + 5 + 1;

    public MentionParser() => OpeningCharacters = ['@'];

    public override bool Match(InlineProcessor processor, ref StringSlice slice)
    {
        var before = slice.PeekCharExtra(-1);
        if (char.IsLetterOrDigit(before) || before is '.' or '_' or '%' or '+' or '-' or '/' or '@') return false;
        var text = slice.Text.AsSpan(slice.Start, slice.Length);
        if (Named(text[1..], out var length) is not { } name || Mentions.KeyOf(name) is not { } key) return false;
        length++;
        if (length < text.Length && text[length] == '@') return false; // an address at another place
        var start = processor.GetSourcePosition(slice.Start, out var line, out var column);
        processor.Inline = new MentionInline("@" + name, key) { Span = new(start, start + length - 1), Line = line, Column = column };
        slice.Start += length;
        return true;
    }

    /// <param name="length">How many characters it takes, quotes included.</param>
    private static string? Named(ReadOnlySpan<char> text, out int length)
    {
        length = 0;
        if (text.Length > 0 && text[0] == '"')
        {
            var end = text[1..Math.Min(text.Length, MaxNamed + 1)].IndexOf('"');
            if (end < 1) return null;
            length = end + 2;
            return text.Slice(1, end).ToString();
        }
        while (length < text.Length && length < MaxNamed && (char.IsLetterOrDigit(text[length]) || text[length] is '-' or '_' or '.' or '~')) length++;
        while (length > 0 && !char.IsLetterOrDigit(text[length - 1])) length--; // the end of a sentence
        return length == 0 ? null : text[..length].ToString();
    }
}

/// <summary>Somebody who is named in a text. Before the text is rendered it becomes a link or plain text.</summary>
/// <param name="shown">As readers see it.</param>
/// <param name="key">See <see cref="Mentions.KeyOf"/>.</param>
internal sealed class MentionInline(string shown, string key) : LeafInline
{
    public string Shown => shown;

    public string Key => key;
}

/// <summary>Finds who is mentioned.</summary>
public static class Mentions
{
    /// <summary>People that one text mentions at most; further names are plain text.</summary>
    public const int MaxPeople = 10;

    /// <summary>Accounts that are looked at for the names of one text: several can have one name after a partition.</summary>
    private const int MaxCandidates = 100;

    /// <summary>What counts as the same way to call somebody; null if nobody can have this name.</summary>
    public static string? KeyOf(string named)
    {
        var tilde = named.IndexOf('~', StringComparison.Ordinal);
        var (name, suffix) = tilde < 0 ? (named, "") : (named[..tilde], named[tilde..].ToLowerInvariant());
        if (suffix.Length > 0 && (suffix.Length != 5 || !suffix.Skip(1).All(char.IsAsciiHexDigit))) return null;
        return AccountName.Fault(name) is null ? AccountName.KeyOf(name) + suffix : null;
    }

    /// <summary>The accounts that are called so here and now; of several with one name the earliest, as everywhere.</summary>
    public static Dictionary<string, Guid> Find(DbConnection connection, IReadOnlyList<string> keys)
    {
        if (keys.Count == 0) return [];
        var accounts = connection.Query<(byte[] Id, string Key)>($"SELECT id, name_key FROM account WHERE name_key IN @names ORDER BY id LIMIT {MaxCandidates}",
            new { names = keys.Select(k => k.Split('~')[0]).Distinct() }).Select(a => (Id: Ids.Of(a.Id), a.Key)).ToList();
        var found = new Dictionary<string, Guid>();
        foreach (var key in keys)
        {
            var account = accounts.Find(a => a.Key == key || $"{a.Key}~{Ids.SuffixOf(a.Id)}" == key);
            if (account.Key is not null) found[key] = account.Id;
        }
        return found;
    }

    /// <summary>Who is mentioned in each of these texts (posts or edits), as it was when they were written.</summary>
    public static IReadOnlyDictionary<Guid, IReadOnlyDictionary<string, Guid>> Of(DbConnection connection, IReadOnlyCollection<Guid> texts)
    {
        if (texts.Count == 0) return new Dictionary<Guid, IReadOnlyDictionary<string, Guid>>();
        return connection.Query<(byte[] Text, string Named, byte[] Account)>("SELECT text_id, named, account_id FROM mention WHERE text_id IN @texts AND kind = 'mention'", new { texts = texts.Select(Ids.Bytes) })
            .GroupBy(r => Ids.Of(r.Text)).ToDictionary(g => g.Key, g => (IReadOnlyDictionary<string, Guid>)g.DistinctBy(r => r.Named).ToDictionary(r => r.Named, r => Ids.Of(r.Account)));
    }
}
