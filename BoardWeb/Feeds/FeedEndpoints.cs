using System.Security.Cryptography;
using System.ServiceModel.Syndication;
using System.Text;
using System.Xml;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Topics;
using Connect.Node.Files;
using Connect.Node.Settings;
using Microsoft.Net.Http.Headers;

namespace Connect.BoardWeb.Feeds;

/// <summary>
/// <c>GET /c/{slug}/feed</c> and <c>GET /t/{topic}/feed</c>: what is new, as Atom (RFC 4287), for whoever reads elsewhere. Whoever asks again and finds nothing new is told so without
/// the text (<c>If-None-Match</c>). What only moderators see is in no feed.
/// </summary>
public static class FeedEndpoints
{
    public static void MapFeeds(this WebApplication app)
    {
        app.MapGet("/c/{slug}/feed", ChannelAsync).ExcludeFromDescription();
        app.MapGet("/t/{topic:guid}/feed", TopicAsync).ExcludeFromDescription();
    }

    private static async Task<IResult> ChannelAsync(string slug, HttpContext context, ChannelReader channels, TopicReader topics, NodeSettings settings, CancellationToken cancel)
    {
        if (await channels.FindAsync(slug, cancel) is not { } channel) return Results.NotFound();
        var root = RootOf(context, settings);
        var recent = await topics.RecentAsync(channel.Id, Identity.Guest, null, TopicReader.PageSize, cancel);
        return Atom(root, $"/c/{channel.Slug}", channel.Id, channel.Title, channel.Description, channel.CreatedAt, recent.Select(t => new SyndicationItem
        {
            Id = IdOf(t.Id),
            Title = Plain(t.Title),
            Summary = Plain(T["FeedLastPost", t.LastAuthor]),
            Authors = { new SyndicationPerson { Name = t.Author } },
            Links = { SyndicationLink.CreateAlternateLink(new Uri(root, $"/t/{t.Id}")) },
            PublishDate = t.CreatedAt,
            LastUpdatedTime = t.LastActivity,
        }));
    }

    private static async Task<IResult> TopicAsync(Guid topic, HttpContext context, TopicReader topics, PostReader posts, NodeSettings settings, CancellationToken cancel)
    {
        if (await topics.FindAsync(topic, Identity.Guest, cancel) is not { } found) return Results.NotFound();
        var root = RootOf(context, settings);
        var last = (await posts.PageAsync(found.Id, PageFrom.End, null, Identity.Guest, cancel)).Posts;
        return Atom(root, $"/t/{found.Id}", found.Id, found.Title, "", found.CreatedAt, last.Where(p => !p.IsDeleted).Reverse().Select(p => new SyndicationItem
        {
            Id = IdOf(p.Id),
            Title = Plain(T["FeedPostIn", p.Author, found.Title]),
            Content = SyndicationContent.CreateHtmlContent(FileAddress.Absolute(p.Html, root)),
            Authors = { new SyndicationPerson { Name = p.Author } },
            Links = { SyndicationLink.CreateAlternateLink(new Uri(root, $"/t/{found.Id}?at={p.Id}#p-{p.Id}")) },
            PublishDate = p.CreatedAt,
            LastUpdatedTime = p.State.Edit?.At ?? p.CreatedAt,
        }));
    }

    private static IResult Atom(Uri root, string address, Guid id, string title, string description, DateTimeOffset began, IEnumerable<SyndicationItem> items)
    {
        List<SyndicationItem> all = [.. items];
        var feed = new SyndicationFeed(title, description, new Uri(root, address), IdOf(id), all.Select(i => i.LastUpdatedTime).Append(began).Max()) { Items = all };
        feed.Links.Add(SyndicationLink.CreateSelfLink(new Uri(root, address + "/feed"), "application/atom+xml"));
        using var text = new MemoryStream();
        using (var writer = XmlWriter.Create(text, new() { Encoding = new UTF8Encoding(false), CheckCharacters = true })) new Atom10FeedFormatter(feed).WriteTo(writer);
        var bytes = text.ToArray();
        return Results.Bytes(bytes, "application/atom+xml; charset=utf-8", entityTag: new EntityTagHeaderValue($"\"{Convert.ToHexString(SHA256.HashData(bytes))}\""));
    }

    /// <summary>Where readers find the board; without a setting it is where this one asked.</summary>
    internal static Uri RootOf(HttpContext context, NodeSettings settings) =>
        Uri.TryCreate(settings.Web.PublicUrl, UriKind.Absolute, out var url) ? url : new Uri($"{context.Request.Scheme}://{context.Request.Host}");

    private static string IdOf(Guid id) => $"urn:uuid:{id}";

    private static TextSyndicationContent Plain(string text) => new(text, TextSyndicationContentKind.Plaintext);
}
