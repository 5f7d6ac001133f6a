using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Admission;

/// <param name="Word">A word or a phrase.</param>
/// <param name="Effect">refuse: a text that has it is not taken; wait: it is taken and waits for a moderator. Null: refuse.</param>
public sealed record WordBody(string? Word, string? Effect, string? Reason);

/// <param name="Effect">refuse or wait.</param>
/// <param name="By">Who listed it.</param>
public sealed record WordItem(string Word, string Effect, string By, DateTimeOffset At, string Reason)
{
    public static WordItem Of(ListedWord w) => new(w.Text, w.Effect, w.Decision.By, w.Decision.At, w.Decision.Reason);
}

/// <summary>The word list, for programs.</summary>
internal static class WordEndpoints
{
    public static void AddAdmission(this IServiceCollection services) => services.AddSingleton<WordList>().AddSingleton<NewMembers>().AddSingleton<PostAdmission>();

    public static void MapWords(this RouteGroupBuilder api)
    {
        api.MapGet("/words", ListAsync).NeedsScope(TokenScopes.Moderate).Produces<Listing<WordItem>>().ProducesProblem(403).WithSummary("Words that are not taken in posts, or that moderators look at first: moderators");
        api.MapPut("/words", (WordBody body, ClaimsPrincipal user, WordList words, NodeSettings settings, CancellationToken cancel) => DecideAsync(body.Word, body.Reason, body.Effect ?? WordEffect.Refuse, user, words, settings, cancel))
            .NeedsScope(TokenScopes.Moderate).Produces<DecisionsMade>().Produces<DecisionsMade>(202).ProducesProblem(403).ProducesProblem(409).ProducesValidationProblem(422).WithSummary("List a word or phrase that is not taken in posts, or that moderators look at first: a moderator");
        api.MapDelete("/words", (string? word, string? reason, ClaimsPrincipal user, WordList words, NodeSettings settings, CancellationToken cancel) => DecideAsync(word, reason, null, user, words, settings, cancel))
            .NeedsScope(TokenScopes.Moderate).Produces<DecisionsMade>().Produces<DecisionsMade>(202).ProducesProblem(403).ProducesValidationProblem(422).WithSummary("Take a word or phrase from the list: a moderator");
    }

    private static async Task<IResult> ListAsync(ClaimsPrincipal user, WordList words, CancellationToken cancel) =>
        Deciding.MayModerate(user) ? Results.Ok(new Listing<WordItem>([.. (await words.AllAsync(cancel)).Select(WordItem.Of)], null)) : OnlyModerators();

    private static async Task<IResult> DecideAsync(string? word, string? reason, string? effect, ClaimsPrincipal user, WordList words, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("word", WordList.Fault(word)), ("effect", effect is null ? null : WordEffect.Fault(effect)), ("reason", PostRules.Reason(reason))) is { } invalid) return invalid;
        if (!Deciding.MayModerate(user)) return OnlyModerators();
        try
        {
            return await words.DecideAsync(word!, effect, user, reason, cancel) is { } result
                ? Done(null, new DecisionsMade([Decidable.Word], settings.Name, result.Copies), result) : Results.Ok(new DecisionsMade([], settings.Name, 0));
        }
        catch (InvalidOperationException full)
        {
            return Problem(409, full.Message);
        }
    }

}
