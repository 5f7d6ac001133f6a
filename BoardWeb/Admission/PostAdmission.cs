using System.Globalization;
using System.Security.Claims;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Approvals;
using Connect.BoardWeb.Moderation;

namespace Connect.BoardWeb.Admission;

/// <summary>Why something was not taken.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Why">In words, with what to do.</param>
/// <param name="After">When it would be, if time is all that it takes.</param>
public sealed record Refusal(int Status, string Why, TimeSpan? After = null)
{
    /// <summary>Says when to try again, if time is all that it takes.</summary>
    public void Describe(HttpResponse response)
    {
        if (After is { } after) response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>For programs.</summary>
    public IResult Answer(HttpContext context)
    {
        Describe(context.Response);
        return Status == StatusCodes.Status422UnprocessableEntity ? Answers.Invalid(("body", Why))! : Answers.Problem(Status, Why);
    }
}

/// <summary>What becomes of a text that somebody sends.</summary>
/// <param name="Refusal">Why it is not taken; null if it is.</param>
/// <param name="Waits">Why it is taken and waits for a moderator, as <see cref="Approval.Value"/>; null: it does not wait.</param>
public readonly record struct Verdict(Refusal? Refusal, string? Waits);

/// <summary>Whether a text that is otherwise sound is taken from somebody, and whether a moderator looks at it before others do. Moderators may write what they keep from others.</summary>
public sealed class PostAdmission(WordList words, NewMembers members)
{
    /// <summary>Of a new post.</summary>
    /// <param name="title">Of a new topic; null for anything else.</param>
    /// <exception cref="Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<Verdict> OfPostAsync(ClaimsPrincipal user, string? title, string body, CancellationToken cancel)
    {
        if (Deciding.MayModerate(user)) return default;
        var listed = await words.InAsync(cancel, title, body);
        if (await WhyNotAsync(user, listed, body, isNew: true, cancel) is { } refusal) return new(refusal, null);
        return new(null, FirstOf(listed, WordEffect.Wait) is { } word ? Approval.OfWord(word.Text) : await members.WaitsAsync(user, cancel) ? Approval.OfNewMember : null);
    }

    /// <summary>Of another text of a post. It cannot wait, as others see the post: what would have to is not taken.</summary>
    /// <param name="before">The text it replaces; what that has already has been looked at.</param>
    /// <returns>Null if it is taken.</returns>
    /// <exception cref="Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<Refusal?> OfEditAsync(ClaimsPrincipal user, string before, string body, CancellationToken cancel)
    {
        if (Deciding.MayModerate(user)) return null;
        var listed = await words.InAsync(cancel, body);
        if (await WhyNotAsync(user, listed, body, isNew: false, cancel) is { } refusal) return refusal;
        if (await members.WaitsAsync(user, cancel)) return new(StatusCodes.Status422UnprocessableEntity, T["EditOfNewMember"]);
        return listed.Count > 0 && FirstOf(listed.Except(await words.InAsync(cancel, before)), WordEffect.Wait) is { } word
            ? new(StatusCodes.Status422UnprocessableEntity, T["EditBringsWord", word.Text]) : null;
    }

    private async Task<Refusal?> WhyNotAsync(ClaimsPrincipal user, IReadOnlyList<ListedWord> listed, string body, bool isNew, CancellationToken cancel) =>
        FirstOf(listed, WordEffect.Refuse) is { } word
            ? new(StatusCodes.Status422UnprocessableEntity, T["WordRefused", word.Text])
            : await members.WhyNotAsync(user, body, isNew, cancel);

    private static ListedWord? FirstOf(IEnumerable<ListedWord> listed, string effect) => listed.FirstOrDefault(w => w.Effect == effect);
}
