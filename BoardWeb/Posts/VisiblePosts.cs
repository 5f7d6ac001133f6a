using System.Security.Claims;
using Connect.BoardWeb.Topics;

namespace Connect.BoardWeb.Posts;

/// <summary>Single posts, for those who may see their topics.</summary>
public sealed class VisiblePosts(PostReader posts, TopicReader topics)
{
    public async Task<PostView?> FindAsync(Guid id, ClaimsPrincipal user, CancellationToken cancel) =>
        await posts.FindAsync(id, user, cancel) is { } post && await topics.FindAsync(post.Topic, user, cancel) is not null ? post : null;
}
