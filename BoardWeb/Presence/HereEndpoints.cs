using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;
using Connect.Node.Presence;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Presence;

/// <param name="People">At most 12, by name.</param>
/// <param name="More">People besides these.</param>
/// <param name="Guests">Open pages of readers who are not signed in.</param>
public sealed record HereItem(Guid Topic, IReadOnlyList<HerePerson> People, int More, int Guests);

/// <param name="Shown">Others see which topics one has open.</param>
public sealed record HereChoiceBody(bool? Shown);

/// <param name="Shown">Others see which topics one has open.</param>
public sealed record HereChoiceItem(bool Shown);

/// <summary>What was chosen.</summary>
public sealed record HereChanged(Guid Account, string Node, int Copies);

/// <summary>Who has a topic open, for programs; and whether one is shown oneself.</summary>
internal static class HereEndpoints
{
    public static void AddHere(this IServiceCollection services) =>
        services.AddSingleton<HereChoices>().AddSingleton<HereWatch>().AddHostedService(p => p.GetRequiredService<HereWatch>());

    public static void MapHere(this RouteGroupBuilder api)
    {
        api.MapGet("/topics/{id:guid}/here", Get).Produces<HereItem>().ProducesProblem(404).WithSummary("Who has a topic open now, on all nodes");
        api.MapGet("/account/here", GetChoice).Produces<HereChoiceItem>().WithSummary("Whether others see which topics one has open");
        api.MapPut("/account/here", Choose).Produces<HereChanged>().Produces<HereChanged>(202).ProducesValidationProblem(422).WithSummary("Let others see which topics one has open, or not");
    }

    private static async Task<IResult> Get(Guid id, ClaimsPrincipal user, TopicReader topics, HereWatch here, CancellationToken cancel)
    {
        if (await topics.FindAsync(id, user, cancel) is not { } topic) return NoTopic();
        if (!here.IsOn) return Problem(404, "This board does not say who has a topic open.");
        var now = await here.NowAsync(topic.Id, cancel);
        return Results.Ok(new HereItem(topic.Id, now.People, now.More, now.Guests));
    }

    private static async Task<IResult> GetChoice(ClaimsPrincipal user, HereChoices choices, CancellationToken cancel) =>
        Results.Ok(new HereChoiceItem(await choices.IsShownAsync(Identity.AccountOf(user)!.Value, cancel)));

    private static async Task<IResult> Choose(HereChoiceBody body, ClaimsPrincipal user, HereChoices choices, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("shown", body.Shown is null ? "Say true or false." : null)) is { } invalid) return invalid;
        var me = Identity.AccountOf(user)!.Value;
        var result = await choices.ChooseAsync(me, body.Shown!.Value, cancel);
        return Done(null, new HereChanged(me, settings.Name, result.Copies), result);
    }
}
