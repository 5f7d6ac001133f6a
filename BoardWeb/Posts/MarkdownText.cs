using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Storage;
using Connect.Node.Files;
using Markdig;
using Markdig.Extensions.EmphasisExtras;
using Markdig.Extensions.Tables;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Connect.BoardWeb.Posts;

/// <summary>
/// Markdown to HTML that is safe to show: no HTML of the author's own, links only to the web, to mail addresses and to files of this board. Pictures that are kept here are shown,
/// those from elsewhere are links (a page that loads nothing from elsewhere tells nobody who reads it).
/// </summary>
public sealed partial class MarkdownText(TimeProvider time)
{
    /// <summary>Rendered texts that are kept; a text never changes.</summary>
    private const int MaxCached = 4096;

    /// <summary>Characters of a rendered post that is kept; a longer one is rendered each time. With <see cref="MaxCached"/> of them the cache has 64 MiB.</summary>
    private const int MaxCachedLength = 8 << 10;

    /// <summary>Nested deeper than this, a text is shown as it was typed.</summary>
    private const int MaxDepth = 32;

    /// <summary>Delimiters that may open or close something: the parser's work can grow with their square. Beyond it a text is shown as it was typed.</summary>
    private const int MaxDelimiters = 4000;

    /// <summary>Pictures that are shown in one text; more of them are links.</summary>
    public const int MaxPictures = 20;

    private static readonly MarkdownPipeline Pipeline = Build();
    private readonly Remembered<Guid, string> _rendered = new(MaxCached, time);

    /// <summary>A post's text; rendered once.</summary>
    /// <param name="id">Of the post, or of the edit that this is the text of.</param>
    /// <param name="people">Who is mentioned in it.</param>
    public string ToHtml(Guid id, string body, IReadOnlyDictionary<string, Guid>? people = null)
    {
        if (_rendered.Find(id) is { } known) return known.Value;
        var html = ToHtml(body, people);
        if (html.Length <= MaxCachedLength) _rendered.Put(id, html);
        return html;
    }

    /// <summary>A text that is erased is not kept here either.</summary>
    public void Forget(Guid id) => _rendered.Forget(id);

    /// <summary>A text that belongs to no post (a preview).</summary>
    /// <param name="people">Who is mentioned in it, by <see cref="Mentions.KeyOf"/>; others stay plain text.</param>
    public static string ToHtml(string body, IReadOnlyDictionary<string, Guid>? people = null)
    {
        if (IsTooMuch(body)) return AsTyped(body);
        try
        {
            var document = Markdown.Parse(body, Pipeline);
            var pictures = 0;
            foreach (var link in document.Descendants<LinkInline>().ToList()) Tame(link, ref pictures);
            foreach (var link in document.Descendants<AutolinkInline>().ToList()) Tame(link);
            foreach (var table in document.Descendants<Table>()) Tame(table);
            foreach (var heading in document.Descendants<HeadingBlock>()) heading.Level = Math.Min(6, heading.Level + 2);
            var named = Named(document);
            foreach (var mention in document.Descendants<MentionInline>().ToList())
                mention.ReplaceBy(people is not null && named.Contains(mention) && people.TryGetValue(mention.Key, out var account) ? Link(mention, account) : new LiteralInline(mention.Shown));
            return document.ToHtml(Pipeline);
        }
        catch (ArgumentException)
        {
            return AsTyped(body); // nested too deeply
        }
    }

    /// <summary>Who is mentioned in a text, each once, by <see cref="Mentions.KeyOf"/>; <see cref="Mentions.MaxPeople"/> at the most.</summary>
    public static IReadOnlyList<string> MentionsIn(string body)
    {
        if (!body.Contains('@', StringComparison.Ordinal) || IsTooMuch(body)) return [];
        try
        {
            var document = Markdown.Parse(body, Pipeline);
            var named = Named(document);
            return [.. document.Descendants<MentionInline>().Where(named.Contains).Select(m => m.Key).Distinct().Take(Mentions.MaxPeople)];
        }
        catch (ArgumentException)
        {
            return [];
        }
    }

    /// <summary>What is quoted speaks to nobody, and a link leads to one place.</summary>
    private static HashSet<MentionInline> Named(MarkdownDocument document)
    {
        var named = document.Descendants<MentionInline>().ToHashSet();
        if (named.Count == 0) return named;
        foreach (var quote in document.Descendants<QuoteBlock>()) named.ExceptWith(quote.Descendants<MentionInline>());
        foreach (var link in document.Descendants<LinkInline>()) named.ExceptWith(link.Descendants<MentionInline>());
        return named;
    }

    private static LinkInline Link(MentionInline mention, Guid account)
    {
        var link = new LinkInline($"/u/{account}", "");
        link.GetAttributes().AddClass("mention");
        link.AppendChild(new LiteralInline(mention.Shown));
        return link;
    }

    private static bool IsTooMuch(string body) =>
        body.Count(c => c is '[' or '*' or '_' or '`' or '>' or '<' or '!' or '|' or '~' or ':') > MaxDelimiters || DeepLine().IsMatch(body);

    private static MarkdownPipeline Build()
    {
        var builder = new MarkdownPipelineBuilder { MaximumNestingDepth = MaxDepth };
        builder.InlineParsers.Add(new MentionParser());
        return builder.DisableHtml().UseAutoLinks().UsePipeTables().UseEmphasisExtras(EmphasisExtraOptions.Strikethrough).UseEmojiAndSmiley(enableSmileys: false)
            .UseSoftlineBreakAsHardlineBreak().Build();
    }

    private static void Tame(LinkInline link, ref int pictures)
    {
        link.Title = null;
        if (link.IsImage && FileAddress.Of(link.Url) is { Size: { } size } picture && pictures++ < MaxPictures)
        {
            Show(link, picture, size);
            return;
        }
        link.IsImage = false;
        if (!IsAllowed(link.Url)) link.Url = "#";
        if (link.FirstChild is null) link.AppendChild(new LiteralInline(link.Url ?? "#"));
        Mark(link);
    }

    /// <summary>A picture that is kept here: its place on the page is known before it is loaded, and it leads to the whole of it, unless it stands in a link of its author's.</summary>
    private static void Show(LinkInline link, FileAddress picture, (int Width, int Height) size)
    {
        // Whoever does not see it reads its name at least; a link needs one, too.
        if (link.Descendants<LiteralInline>().All(l => l.Content.IsEmptyOrWhitespace())) link.AppendChild(new LiteralInline(Uri.UnescapeDataString(picture.Name)));
        var attributes = link.GetAttributes();
        attributes.AddProperty("width", $"{size.Width}");
        attributes.AddProperty("height", $"{size.Height}");
        attributes.AddProperty("loading", "lazy");
        attributes.AddProperty("decoding", "async");
        for (var around = link.Parent; around is not null; around = around.Parent)
            if (around is LinkInline) return;
        var whole = new LinkInline(picture.Whole, "");
        Mark(whole);
        link.ReplaceBy(whole, copyChildren: false);
        whole.AppendChild(link);
    }

    private static void Tame(AutolinkInline link)
    {
        if (!link.IsEmail && !IsAllowed(link.Url)) link.Url = "#";
        Mark(link);
    }

    /// <summary>The renderer would say how columns are aligned with styles of its own, which the board's policy does not let a page have: classes say it instead.</summary>
    private static void Tame(Table table)
    {
        foreach (var row in table.OfType<TableRow>())
        {
            for (var i = 0; i < row.Count && i < table.ColumnDefinitions.Count; i++)
                if (table.ColumnDefinitions[i].Alignment is { } alignment and not TableColumnAlign.Left) row[i].GetAttributes().AddClass(alignment == TableColumnAlign.Right ? "right" : "center");
        }
        foreach (var column in table.ColumnDefinitions) (column.Alignment, column.Width) = (null, 0);
    }

    private static void Mark(Inline link) => link.GetAttributes().AddPropertyIfNotExist("rel", "nofollow noopener ugc");

    private static bool IsAllowed(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https" or "mailto") || FileAddress.Of(url) is not null;

    /// <summary>A line that opens so many quotes and lists inside each other that only a machine can have written it.</summary>
    [GeneratedRegex(@"(?m)^(?:[ \t]*(?:>|[-*+]|[0-9]{1,9}[.)])){40}", RegexOptions.CultureInvariant)]
    private static partial Regex DeepLine();

    private static string AsTyped(string body) => $"<p class=\"as-typed\">{HtmlEncoder.Default.Encode(body)}</p>\n";
}
