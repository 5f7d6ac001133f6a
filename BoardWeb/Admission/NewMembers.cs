using System.Security.Claims;
using System.Text.RegularExpressions;
using System.Threading.RateLimiting;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Pages;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Admission;

/// <summary>
/// What those may who have just signed up, by the settings <c>posts:newMembers</c>: so many posts an hour, links and mentions in a post, perhaps no files, and perhaps a moderator who looks first. Somebody is new for some days and until
/// some of their posts stand on the board. Moderators never are, and neither is whoever shows a token that is marked unlimited.
/// </summary>
public sealed partial class NewMembers : IDisposable
{
    /// <summary>Accounts that are known not to be new any more.</summary>
    private const int MaxSettled = 20_000;

    /// <summary>Whoever signed up longer ago is not new, as long as nobody can count their posts. 30 days.</summary>
    public static readonly TimeSpan Unsure = TimeSpan.FromDays(30);

    private readonly NewMemberSettings _settings;
    private readonly SearchFeeder _search;
    private readonly TimeProvider _time;
    private readonly PartitionedRateLimiter<Guid> _hourly;
    private readonly Remembered<Guid, bool> _settled, _approved;

    public NewMembers(NodeSettings settings, SearchFeeder search, TimeProvider time)
    {
        (_settings, _search, _time) = (settings.Posts.NewMembers, search, time);
        (_settled, _approved) = (new(MaxSettled, time), new(MaxSettled, time));
        _hourly = PartitionedRateLimiter.Create<Guid, Guid>(account => RateLimitPartition.GetFixedWindowLimiter(account, _ => new() { PermitLimit = _settings.PostsPerHour, Window = TimeSpan.FromHours(1) }));
    }

    /// <summary>Why somebody cannot post this now; null if they can. What they may post by the hour is used up by it.</summary>
    /// <param name="isNew">A new post, not another text of one.</param>
    public async Task<Refusal?> WhyNotAsync(ClaimsPrincipal user, string body, bool isNew, CancellationToken cancel)
    {
        if (await UntilAsync(user, cancel) is not { } until) return null;
        if (LinksIn(body) is var links && links > _settings.Links)
            return new(StatusCodes.Status422UnprocessableEntity, T["NewMemberLinks", AtMost("Links", _settings.Links), links, until]);
        if (MarkdownText.MentionsIn(body).Count is var people && people > _settings.Mentions)
            return new(StatusCodes.Status422UnprocessableEntity, T["NewMemberMentions", AtMost("People", _settings.Mentions), people, until]);
        if (!isNew) return null;
        using var lease = _hourly.AttemptAcquire(Identity.AccountOf(user)!.Value);
        if (lease.IsAcquired) return null;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromHours(1);
        return new(StatusCodes.Status429TooManyRequests, T["NewMemberPosts", AtMost("Times", _settings.PostsPerHour), Math.Max(1, (int)Math.Ceiling(wait.TotalMinutes)), until], wait);
    }

    /// <summary>
    /// Whether a moderator looks at somebody's post before others see it: until as many of theirs stand on the board as the settings say. What waits does not stand there yet. As long as this node's
    /// index is not whole, nobody can say how many there are, and it is so for whoever signed up in the last <see cref="Unsure"/>.
    /// </summary>
    public async Task<bool> WaitsAsync(ClaimsPrincipal user, CancellationToken cancel)
    {
        if (_settings.Wait == 0 || Identity.AccountOf(user) is not { } account || Deciding.MayModerate(user) || user.HasClaim(Identity.Unlimited, "1") || _approved.Find(account) is not null) return false;
        if (_search.Index is { } index && await index.CountOfAsync(account, _settings.Wait, cancel) >= _settings.Wait)
        {
            _approved.Put(account, true);
            return false;
        }
        return _search.IsComplete || Uuid7.TimeOf(account) + Unsure > _time.GetUtcNow();
    }

    /// <summary>Why somebody cannot send files now; null if they can.</summary>
    public async Task<string?> WhyNoFilesAsync(ClaimsPrincipal user, CancellationToken cancel) =>
        !_settings.Files && await UntilAsync(user, cancel) is { } until ? T["NewMemberFiles", until] : null;

    public void Dispose() => _hourly.Dispose();

    /// <summary>Links as readers see them, pictures from elsewhere included; those to files of this board are none.</summary>
    private static int LinksIn(string body) => Link().Count(MarkdownText.ToHtml(body));

    /// <summary>Until when they are new, in a sentence; null if they are not.</summary>
    private async Task<string?> UntilAsync(ClaimsPrincipal user, CancellationToken cancel)
    {
        if (_settings is { Days: 0, Posts: 0 } || Identity.AccountOf(user) is not { } account || Deciding.MayModerate(user) || user.HasClaim(Identity.Unlimited, "1") || _settled.Find(account) is not null) return null;
        var settles = Uuid7.TimeOf(account) + TimeSpan.FromDays(_settings.Days);
        var young = settles > _time.GetUtcNow();
        // As long as this node's index cannot be used, nobody can say how much somebody has written, and days alone count.
        var written = _settings.Posts > 0 && _search is { IsComplete: true, Index: { } index } ? await index.CountOfAsync(account, _settings.Posts, cancel) : _settings.Posts;
        var few = written < _settings.Posts;
        if (!young && !few)
        {
            if (_search.IsComplete || _settings.Posts == 0) _settled.Put(account, true);
            return null;
        }
        if (!few) return T["NewUntilDay", Times.Shown(settles)];
        var (wanted, there) = (T.Count("PostsStand", _settings.Posts), T.Count("PostsThere", written));
        return young ? T["NewUntilBoth", Times.Shown(settles), wanted, there] : T["NewUntilPosts", wanted, there];
    }

    private static string AtMost(string what, int number) => T["AtMost." + what + (number == 0 ? ".None" : number == 1 ? ".One" : ".Many"), number];

    [GeneratedRegex("<a href=\"(?:https?:|mailto:)", RegexOptions.CultureInvariant)]
    private static partial Regex Link();
}
