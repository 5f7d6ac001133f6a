using System.Text.RegularExpressions;

namespace Connect.Node.Files;

/// <summary>
/// Addresses of files, <c>/f/{id}/{name}</c>. That of a picture as posts show it says how large that is (<c>/f/{id}/boat-1280x960.jpg</c>), so a page can keep its place without asking the
/// database; the same without the size is the whole picture.
/// </summary>
/// <param name="Id">The file's id.</param>
/// <param name="Name">Of the whole file, as it stands in the address.</param>
/// <param name="Size">Width and height, if the address says them.</param>
public sealed partial record FileAddress(Guid Id, string Name, (int Width, int Height)? Size)
{
    /// <summary>Of the whole file.</summary>
    public string Whole => $"/f/{Id}/{Name}";

    /// <summary>The address of a file under this name, which may have any letters.</summary>
    public static string To(Guid id, string name) => $"/f/{id}/{Uri.EscapeDataString(name)}";

    /// <summary>The address of a file of this board; null for anything else.</summary>
    public static FileAddress? Of(string? url)
    {
        if (url is null || url.Length > 1000 || Pattern().Match(url) is not { Success: true } match) return null;
        var ending = match.Groups["ending"].Value;
        return new(Guid.Parse(match.Groups["id"].Value), $"{match.Groups["stem"].Value}.{ending}",
            match.Groups["w"].Success ? (int.Parse(match.Groups["w"].ValueSpan), int.Parse(match.Groups["h"].ValueSpan)) : null);
    }

    /// <summary>Ids of the files that a text names; the first <paramref name="limit"/> of them.</summary>
    public static IReadOnlyList<Guid> In(string text, int limit) => [.. Mention().Matches(text).Select(m => Guid.Parse(m.Groups[1].Value)).Distinct().Take(limit)];

    /// <summary>The name of a picture in a certain size.</summary>
    public static string Sized(string name, int width, int height)
    {
        var dot = name.LastIndexOf('.');
        return $"{name[..dot]}-{width}x{height}{name[dot..]}";
    }

    /// <summary>What to write into a post to show a picture there, or to link to another file.</summary>
    /// <param name="id">The file's id.</param>
    /// <param name="name">As it is kept.</param>
    /// <param name="shownName">The name of what posts show of a picture (<see cref="Sized"/>); null if it is no picture.</param>
    public static string Markdown(Guid id, string name, string? shownName) => $"{(shownName is null ? "" : "!")}[{name}]({To(id, shownName ?? name)})";

    /// <summary>Rendered text for readers who are not on this board: what stands on it is found from there too.</summary>
    public static string Absolute(string html, Uri root) => html.Replace("=\"/f/", $"=\"{new Uri(root, "/f/")}", StringComparison.Ordinal);

    /// <summary>A post's text for readers who are not on this board.</summary>
    public static string AbsoluteMarkdown(string text, Uri root) => Mention().Replace(text, m => $"({new Uri(root, m.Value[1..])}");

    [GeneratedRegex(@"\A/f/(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?<stem>[^/\\?#""'<>\s]{1,800}?)(?:-(?<w>[1-9][0-9]{0,4})x(?<h>[1-9][0-9]{0,4}))?\.(?<ending>[a-z0-9]{1,5})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\(/f/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/", RegexOptions.CultureInvariant)]
    private static partial Regex Mention();
}
