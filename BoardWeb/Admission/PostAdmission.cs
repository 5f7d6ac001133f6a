using System.Globalization;
using System.Security.Claims;
using Connect.BoardWeb.Api;
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

/// <summary>Whether a text that is otherwise sound is taken from somebody. Moderators may write what they keep from others.</summary>
public sealed class PostAdmission(WordList words, NewMembers members)
{
    /// <param name="title">Of a new topic; null for anything else.</param>
    /// <param name="isNew">A new post, not another text of one.</param>
    /// <returns>Null if it is taken.</returns>
    /// <exception cref="Node.Database.DatabaseUnavailableException">The server did not answer in time.</exception>
    public async Task<Refusal?> WhyNotAsync(ClaimsPrincipal user, string? title, string body, bool isNew, CancellationToken cancel)
    {
        if (Deciding.MayModerate(user)) return null;
        return await words.FirstInAsync(cancel, title, body) is { } word
            ? new(StatusCodes.Status422UnprocessableEntity, T["WordRefused", word.Text])
            : await members.WhyNotAsync(user, body, isNew, cancel);
    }
}
