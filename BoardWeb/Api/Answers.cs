using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Api;

/// <summary>What the API answers, and how it reads what all listings take.</summary>
internal static class Answers
{
    private const int DefaultLimit = 50, MaxLimit = 200;

    public static IResult Created<T>(string? location, T item, WriteResult result) =>
        result.Satisfied ? Results.Created(location, item) : Results.Accepted(location, item);

    /// <summary>The same for what changed something that is there.</summary>
    public static IResult Done<T>(string? location, T item, WriteResult result) =>
        result.Satisfied ? Results.Ok(item) : Results.Accepted(location, item);

    public static IResult? Page(string? after, int? limit, out Guid? cursor, out int count)
    {
        cursor = Guid.TryParse(after, out var id) ? id : null;
        count = Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);
        return Invalid(("after", after is not null && cursor is null ? "This is no cursor of ours." : null),
            ("limit", limit is < 1 or > MaxLimit ? $"It must be 1 to {MaxLimit}." : null));
    }

    public static (string, string?) KeyFault(string? key) =>
        ("Idempotency-Key", key?.Length > PostRules.MaxKey ? $"It may have at most {PostRules.MaxKey} characters." : null);

    public static IResult? Invalid(params (string Field, string? Fault)[] faults)
    {
        var found = faults.Where(f => f.Fault is not null).ToDictionary(f => f.Field, f => new[] { f.Fault! });
        return found.Count == 0 ? null
            : Results.ValidationProblem(found, detail: string.Join(" ", found.Values.Select(f => f[0])), statusCode: StatusCodes.Status422UnprocessableEntity);
    }

    public static IResult NoChannel(string slug) => Problem(404, PostRules.Slug(slug) is null ? $"There is no channel '{slug}' here." : "There is no such channel here.");

    public static IResult NoTopic() => Problem(404, "There is no such topic here (yet).");

    public static IResult NoPost() => Problem(404, "There is no such post here (yet).");

    public static IResult NotTheirs(string? why) => Problem(403, why ?? "Only whoever wrote it, and moderators, may do that.");

    public static IResult OnlyModerators() => Problem(403, "Only moderators may do that.");

    public static IResult UsedKey() => Problem(422, "This Idempotency-Key was used before for something else. Nothing was written.");

    public static IResult Problem(int status, string detail) => Results.Problem(detail, statusCode: status);
}
