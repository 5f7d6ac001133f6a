using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Topics;

namespace Connect.BoardWeb.Pages;

/// <summary>
/// A page of a topic for search engines: schema.org's <c>DiscussionForumPosting</c> as JSON-LD. The serializer's default encoder writes &lt; and &amp; as escapes, so no text can end the
/// script element it stands in; browsers do not run it.
/// </summary>
public static class TopicData
{
    /// <summary>Characters of a post that are repeated here; the whole of it is on the page.</summary>
    private const int MaxText = 200;

    public static string Json(TopicView topic, PostPage page, Uri root)
    {
        var posts = page.Posts.Where(p => p is { IsDeleted: false, IsHeld: false }).ToList();
        var first = page.HasEarlier ? null : posts.FirstOrDefault();
        var data = new JsonObject
        {
            ["@context"] = "https://schema.org",
            ["@type"] = "DiscussionForumPosting",
            ["url"] = new Uri(root, $"/t/{topic.Id}").ToString(),
            ["headline"] = topic.Title,
            ["text"] = first is null ? topic.Title : Text(first),
            ["author"] = Person(topic.Author, first is null ? null : new Uri(root, $"/u/{first.AuthorId}")),
            ["datePublished"] = Times.Machine(topic.CreatedAt),
            ["comment"] = new JsonArray([.. posts.Where(p => p != first).Select(p => (JsonNode)new JsonObject
            {
                ["@type"] = "Comment",
                ["url"] = new Uri(root, $"/t/{topic.Id}?at={p.Id}#p-{p.Id}").ToString(),
                ["text"] = Text(p),
                ["author"] = Person(p.Author, new Uri(root, $"/u/{p.AuthorId}")),
                ["datePublished"] = Times.Machine(p.CreatedAt),
            })]),
        };
        return data.ToJsonString(JsonSerializerOptions.Web);
    }

    private static JsonObject Person(string name, Uri? url)
    {
        var person = new JsonObject { ["@type"] = "Person", ["name"] = name };
        if (url is not null) person["url"] = url.ToString();
        return person;
    }

    private static string Text(PostView post) => post.Body.Length <= MaxText ? post.Body
        : post.Body[..(char.IsHighSurrogate(post.Body[MaxText - 1]) ? MaxText - 1 : MaxText)] + "…";
}
