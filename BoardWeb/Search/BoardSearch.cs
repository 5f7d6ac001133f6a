using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Search;

/// <summary>A post that was found.</summary>
/// <param name="Title">Of its topic.</param>
/// <param name="Excerpt">Where it matches, as HTML that is safe to show.</param>
public sealed record SearchHit(PostView Post, string Title, string Excerpt);

/// <summary>What was found, the newest first, or why nothing was looked for.</summary>
/// <param name="Next">The cursor of the next page; null at the end.</param>
public sealed record SearchResult(IReadOnlyList<SearchHit> Hits, Guid? Next, string? Fault);

/// <summary>Looks for posts. What the index found is read from the server before it is shown: nothing that is hidden or deleted or waits for a moderator, nor how much of it there is.</summary>
public sealed class BoardSearch(SearchFeeder feeder, BoardDatabase database, PostReader posts, DecisionReader decisions)
{
    public const int PageSize = 20;

    /// <summary>How long the index may look. 1 s.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);

    /// <summary>Loads from the index for one page: more than this many hidden posts in a row end it early, with a link to what comes after.</summary>
    private const int MaxLoads = 5;

    /// <summary>Posts may be missing: this node is still reading them.</summary>
    public bool IsComplete => feeder.IsComplete;

    public async Task<SearchResult> FindAsync(SearchQuery query, Guid? topic, Guid? before, int limit, ClaimsPrincipal user, CancellationToken cancel)
    {
        if (feeder.Index is not { } index) return new([], null, feeder.Fault);
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        soon.CancelAfter(Deadline);
        var hits = new List<(PostView Post, string Title)>();
        var more = true;
        for (var load = 0; load < MaxLoads && more && hits.Count <= limit; load++)
        {
            List<Guid> found;
            try
            {
                found = await index.FindAsync(query, topic, before, limit + 1, soon.Token);
            }
            catch (Exception e) when (e is OperationCanceledException && !cancel.IsCancellationRequested || e is ObjectDisposedException)
            {
                return new([], null, T["SearchTooSlow"]);
            }
            more = found.Count > limit;
            if (found.Count == 0) break;
            hits.AddRange(await VisibleAsync(found, user, cancel));
            before = found[^1];
        }
        Guid? next = hits.Count > limit ? hits[limit - 1].Post.Id : more ? before : null;
        if (hits.Count > limit) hits.RemoveRange(limit, hits.Count - limit);
        var excerpts = Excerpts.Of(query, [.. hits.Select(h => h.Post.Body)]);
        return new([.. hits.Select((h, i) => new SearchHit(h.Post, h.Title, excerpts[i]))], next, null);
    }

    private async Task<IEnumerable<(PostView Post, string Title)>> VisibleAsync(List<Guid> found, ClaimsPrincipal user, CancellationToken cancel)
    {
        var read = await posts.FindAsync(found, Identity.Guest, cancel);
        var topics = await database.ReadAsync(c =>
        {
            var ids = read.Values.Select(p => p.Topic).Distinct().ToList();
            if (ids.Count == 0) return [];
            var states = Deciding.MayModerate(user) ? new Dictionary<Guid, Decided>() : decisions.Of(c, ids);
            return c.Query<(byte[] Id, string Title)>("SELECT id, title FROM topic WHERE id IN @ids", new { ids = ids.Select(Ids.Bytes) }).Select(t => (Id: Ids.Of(t.Id), t.Title))
                .Where(t => !states.GetValueOrDefault(t.Id, Decided.Nothing).Is(Decidable.Hidden)).ToDictionary(t => t.Id, t => t.Title);
        }, cancel);
        return found.Select(read.GetValueOrDefault).OfType<PostView>().Where(p => !p.IsDeleted && topics.ContainsKey(p.Topic)).Select(p => (p, topics[p.Topic]));
    }
}
