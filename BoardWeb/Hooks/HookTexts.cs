using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Topics;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Hooks;

/// <summary>What receivers are told: JSON with <c>type</c>, <c>timestamp</c> and <c>data</c>. It says how things are when it is sent, so a post that was deleted meanwhile has no text any more.</summary>
public sealed class HookTexts(PostReader posts, TopicReader topics, ChannelReader channels, Reports reports, NodeSettings settings)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Receivers are of the board's administrators, who see everything.</summary>
    private static readonly ClaimsPrincipal Everything = new(new ClaimsIdentity([new Claim(ClaimTypes.Role, Roles.Administrator)], "hooks", ClaimTypes.Name, ClaimTypes.Role));

    private string Board => settings.Web.LinksBegin;

    public byte[] OfTest(Guid id) => Text(HookEvent.Test, Uuid7.TimeOf(id), new { message = "This is a test." });

    /// <summary>Null: there is nothing to tell, as what it is about is not there (any more), or waits for a moderator.</summary>
    /// <param name="post">The post that it is about; of a report its own id.</param>
    public async Task<byte[]?> OfAsync(string type, Guid id, Guid post, CancellationToken cancel)
    {
        if (type == HookEvent.ReportCreated) return await OfReportAsync(id, cancel);
        if (await posts.FindAsync(post, Identity.Guest, cancel) is not { } found) return null;
        var topic = await TopicAsync(found.Topic, cancel);
        object data = type == HookEvent.PostChanged ? new { change = id, topic, post = Of(found) } : new { topic, post = Of(found) };
        return Text(type, Uuid7.TimeOf(id), data);
    }

    private async Task<byte[]?> OfReportAsync(Guid id, CancellationToken cancel)
    {
        if (await reports.FindAsync(id, cancel) is not { } report) return null;
        var post = await posts.FindAsync(report.Post, Identity.Guest, cancel);
        return Text(HookEvent.ReportCreated, report.At, new
        {
            report = new { report.Id, report.By, report.Reason, post = report.Post },
            topic = post is null ? null : await TopicAsync(post.Topic, cancel),
            post = post is null ? null : Of(post),
        });
    }

    /// <summary>Null if it has not arrived here yet.</summary>
    private async Task<object?> TopicAsync(Guid id, CancellationToken cancel)
    {
        if (await topics.FindAsync(id, Everything, cancel) is not { } topic) return null;
        var channel = (await channels.AllAsync(cancel)).FirstOrDefault(c => c.Id == topic.Channel)?.Slug;
        return new { topic.Id, topic.Title, channel, topic.Author, url = $"{Board}/t/{topic.Id}", hidden = topic.IsHidden };
    }

    private object Of(PostView post) => new
    {
        post.Id,
        post.Topic,
        post.Author,
        post.AuthorId,
        body = post.IsDeleted ? null : post.Body,
        createdAt = post.CreatedAt,
        deleted = post.IsDeleted,
        edited = post.State.Edit is not null,
        url = $"{Board}/t/{post.Topic}?at={post.Id}#p-{post.Id}",
    };

    private static byte[] Text(string type, DateTimeOffset at, object data) => JsonSerializer.SerializeToUtf8Bytes(new { type, timestamp = at.UtcDateTime, data }, Json);
}
