using System.Data.Common;
using System.Security.Claims;
using System.Text.RegularExpressions;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Files;
using Dapper;

namespace Connect.BoardWeb.Erasure;

/// <summary>What goes with a post that is erased.</summary>
/// <param name="Versions">Texts: the one it was written with, and its edits.</param>
/// <param name="Files">Files that no other post names: they are erased too.</param>
/// <param name="Kept">Files that others name, or of which that could not be found out in time: they stay.</param>
public sealed record ErasurePlan(int Versions, IReadOnlyList<StoredFile> Files, IReadOnlyList<StoredFile> Kept);

/// <summary>
/// Erases posts: not only hidden, as a deletion does it, but gone. The board's own account can change no row; it writes that something is erased, which takes it from every page at once, and each
/// node's daemon takes the text out of its own server as soon as that has arrived there (docs/adr/0024).
/// </summary>
public sealed partial class PostErasure(BoardDatabase database, FileReader files, WriteBatcher writes, TimeProvider time)
{
    /// <summary>Files of one post that are looked at; more than that stay.</summary>
    public const int MaxFiles = 50;

    /// <summary>Edits of one post that are looked at for files: the latest.</summary>
    private const int MaxVersions = 200;

    /// <summary>Posts looked through for a file in one query.</summary>
    private const int LookRows = 10_000;

    /// <summary>How long other posts are looked through. 15 s.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(15);

    /// <summary>Clocks of nodes differ: a post can be that much older than the file it names. One day.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromDays(1);

    /// <summary>An administrator may, once.</summary>
    public static bool MayErase(PostView post, ClaimsPrincipal user) => Deciding.MayAdminister(user) && !post.IsErased;

    /// <summary>What is wrong with the reason for an erasure, or null. It stays, and moderators read it.</summary>
    public static string? ReasonFault(string? reason) => string.IsNullOrWhiteSpace(reason) ? T["EraseReasonMissing"] : PostRules.Reason(reason);

    /// <summary>Finds out what goes with a post.</summary>
    /// <exception cref="DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<ErasurePlan> PlanAsync(Guid post, CancellationToken cancel)
    {
        var texts = await database.ReadAsync(c => c.Query<string>(
            $"SELECT body FROM post WHERE id = @post UNION ALL (SELECT body FROM post_revision WHERE post_id = @post AND kind = '{RevisionKind.Edit}' ORDER BY id DESC LIMIT {MaxVersions})", new { post = Ids.Bytes(post) }).ToList(), cancel);
        List<StoredFile> named = [.. (await files.FindAsync([.. texts.SelectMany(t => FileAddress.In(t, MaxFiles)).Distinct().Take(MaxFiles)], cancel)).Where(f => !f.IsErased)];
        var elsewhere = named.Count == 0 ? [] : await NamedElsewhereAsync(post, [.. named.Select(f => f.Id)], cancel);
        return new(texts.Count, [.. named.Where(f => elsewhere?.Contains(f.Id) == false)], [.. named.Where(f => elsewhere?.Contains(f.Id) != false)]);
    }

    /// <summary>Erases a post and those of its files that are its alone.</summary>
    public Task<WriteResult> EraseAsync(PostView post, ErasurePlan plan, ClaimsPrincipal by, string reason)
    {
        var author = Identity.AccountOf(by)!.Value;
        return writes.WriteAsync(new(next =>
        [
            // The revision takes it from pages, feeds and the search; the decision is for the log, and for the daemons.
            new NewPostRevision(next(), post.Id, author, RevisionKind.Erase, null, reason),
            new NewDecision(next(), post.Id, Decidable.Erased, "post", author, reason),
            .. plan.Files.SelectMany(f => new[] { new NewDecision(next(), f.Id, Decidable.Hidden, Decidable.Yes, author, reason), new NewDecision(next(), f.Id, Decidable.Erased, "file", author, reason) }),
        ]));
    }

    /// <summary>Those of these files that another post or a version of one names; null if not all posts could be looked through in time.</summary>
    private async Task<HashSet<Guid>?> NamedElsewhereAsync(Guid post, HashSet<Guid> wanted, CancellationToken cancel)
    {
        var (began, found) = (time.GetTimestamp(), new HashSet<Guid>());
        foreach (var (table, of) in new[] { ("post", "id"), ("post_revision", "post_id") })
        {
            var after = Uuid7.LowestAt(Uuid7.TimeOf(wanted.Min()) - Slack);
            for (Guid? at = after; at is { } from;)
            {
                if (time.GetElapsedTime(began) > LongestLook) return null;
                (var texts, at) = await database.ReadAsync(c => Texts(c, table, of, post, from), cancel);
                found.UnionWith(texts.SelectMany(t => Named().Matches(t)).Select(m => Guid.Parse(m.Groups[1].ValueSpan)).Where(wanted.Contains));
            }
        }
        return found;
    }

    private static (List<string> Texts, Guid? Next) Texts(DbConnection connection, string table, string of, Guid post, Guid after)
    {
        var last = connection.QueryFirstOrDefault<byte[]?>($"SELECT id FROM {table} WHERE id > @after ORDER BY id LIMIT 1 OFFSET {LookRows - 1}", new { after = Ids.Bytes(after) });
        var texts = connection.Query<string>($"SELECT body FROM {table} WHERE id > @after {(last is null ? "" : "AND id <= @last")} AND {of} <> @post AND body LIKE '%/f/%'", new { after = Ids.Bytes(after), last, post = Ids.Bytes(post) });
        return (texts.ToList(), Ids.OrNull(last));
    }

    /// <summary>Any mention of a file, not only those that a post shows: what is in doubt stays.</summary>
    [GeneratedRegex("/f/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})", RegexOptions.CultureInvariant)]
    private static partial Regex Named();
}
