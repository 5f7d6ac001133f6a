using System.Data.Common;
using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Posts;

/// <summary>What one can say to a post with a click.</summary>
public sealed record ReactionKind(string Name, string Sign)
{
    public static readonly IReadOnlyList<ReactionKind> All = [new("like", "👍"), new("thanks", "🙏"), new("laugh", "😄"), new("wow", "😮"), new("sad", "😢")];

    public static ReactionKind? Named(string? name) => All.FirstOrDefault(k => k.Name == name);
}

/// <summary>How many people have reacted to a post in one way.</summary>
public sealed record ReactionCount(ReactionKind Kind, int People);

/// <summary>
/// Reactions to posts. Each click is a row, and of each post, person and kind the latest counts: who gives one on one side of a partition and takes it back on the other has done what they
/// did last, and two people never get into each other's way.
/// </summary>
public sealed class Reactions(BoardDatabase database, WriteBatcher writes)
{
    private const string IsLatest = "NOT EXISTS (SELECT 1 FROM reaction l WHERE l.post_id = r.post_id AND l.author_id = r.author_id AND l.kind = r.kind AND l.id > r.id)";

    /// <summary>What has been given to each of these posts, and the id of the latest click, which is another one whenever the counts are.</summary>
    public static IReadOnlyDictionary<Guid, (IReadOnlyList<ReactionCount> Counts, Guid Latest)> Of(DbConnection connection, IReadOnlyCollection<Guid> posts)
    {
        if (posts.Count == 0) return new Dictionary<Guid, (IReadOnlyList<ReactionCount>, Guid)>();
        return connection.Query($"SELECT r.post_id, r.kind, CAST(SUM(r.given) AS SIGNED) AS people, MAX(r.id) AS latest FROM reaction r WHERE r.post_id IN @posts AND {IsLatest} GROUP BY r.post_id, r.kind",
                new { posts = posts.Select(Ids.Bytes) })
            .GroupBy(r => Ids.Of((byte[])r.post_id))
            .ToDictionary(g => g.Key, g => ((IReadOnlyList<ReactionCount>)[.. Counts(g)], g.Max(r => Ids.Of((byte[])r.latest))));
    }

    /// <summary>What this person has given to a post.</summary>
    public Task<IReadOnlySet<string>> MineAsync(Guid post, Guid author, CancellationToken cancel) => database.ReadAsync<IReadOnlySet<string>>(c => c.Query<string>(
        $"SELECT r.kind FROM reaction r WHERE r.post_id = @post AND r.author_id = @author AND r.given AND {IsLatest}", new { post = Ids.Bytes(post), author = Ids.Bytes(author) }).ToHashSet(), cancel);

    /// <summary>Gives one, or takes it back. What is so already is not written again.</summary>
    public async Task<WriteResult> GiveAsync(Guid post, ClaimsPrincipal user, ReactionKind kind, bool given, CancellationToken cancel)
    {
        var author = Identity.AccountOf(user)!.Value;
        return (await MineAsync(post, author, cancel)).Contains(kind.Name) == given ? new([], post, "", 0, true)
            : await writes.WriteAsync(new(next => [new NewReaction(next(), post, author, kind.Name, given)]));
    }

    /// <summary>In the order of <see cref="ReactionKind.All"/>. One that a later version of the board knows is left out.</summary>
    private static IEnumerable<ReactionCount> Counts(IEnumerable<dynamic> rows)
    {
        var people = rows.ToDictionary(r => (string)r.kind, r => (int)(long)r.people);
        return ReactionKind.All.Where(k => people.GetValueOrDefault(k.Name) > 0).Select(k => new ReactionCount(k, people[k.Name]));
    }
}
