using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Api;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Writes;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Hooks;

/// <param name="Events">post.created, topic.created, post.changed, report.created.</param>
public sealed record NewHookBody(string? Url, IReadOnlyList<string>? Events);

/// <param name="On">False: it is told nothing.</param>
public sealed record HookBody(string? Url, IReadOnlyList<string>? Events, bool? On);

/// <param name="State">on, off, or failing: the board switched it off after too many failures.</param>
public sealed record HookItem(Guid Id, string Url, IReadOnlyList<string> Events, string State, DateTimeOffset CreatedAt, DateTimeOffset ChangedAt)
{
    public static HookItem Of(Hook hook) => new(hook.Id, hook.Url, hook.Events, hook.State, hook.CreatedAt, hook.ChangedAt);
}

/// <param name="Secret">Signs what is sent; it is not shown again.</param>
public sealed record HookSecretItem(Guid Id, string Secret, string Node, int Copies);

public sealed record HookChanged(Guid Id, string Node, int Copies);

/// <param name="Outcome">delivered, failed (it is tried again), given-up or skipped.</param>
/// <param name="Status">What the receiver answered; 0: nothing.</param>
/// <param name="Node">Which node tried.</param>
public sealed record HookDeliveryItem(Guid Id, Guid EventId, string Event, int Attempt, string Outcome, int Status, string Note, DateTimeOffset At, string? Node)
{
    public static HookDeliveryItem Of(HookDelivery d, string? node) => new(d.Id, d.EventId, d.Event, d.Attempt, d.Outcome, d.Status, d.Note, d.At, node);
}

/// <summary>Webhooks, for administrators' programs.</summary>
internal static class HookEndpoints
{
    public static void AddHooks(this IServiceCollection services) => services
        .AddSingleton<HookSecrets>().AddSingleton<HookClient>().AddSingleton<HookReader>().AddSingleton<HookTexts>().AddSingleton<HookKeeping>().AddHostedService<HookRounds>();

    public static void MapHooks(this RouteGroupBuilder group)
    {
        var api = group.MapGroup("/hooks").AddEndpointFilter(async (context, next) => Deciding.MayAdminister(context.HttpContext.User) ? await next(context) : Problem(403, "Only administrators have to do with webhooks."));
        api.MapGet("", List).NeedsScope(TokenScopes.Administer).Produces<Listing<HookItem>>().ProducesProblem(403).WithSummary("All webhooks");
        api.MapPost("", Make).NeedsScope(TokenScopes.Administer).Produces<HookSecretItem>(201).Produces<HookSecretItem>(202)
            .ProducesProblem(403).ProducesProblem(409).ProducesValidationProblem(422).WithSummary("Register a webhook; its secret is shown once");
        api.MapGet("/{id:guid}", Get).NeedsScope(TokenScopes.Administer).Produces<HookItem>().ProducesProblem(403).ProducesProblem(404).WithSummary("One webhook");
        api.MapPatch("/{id:guid}", Change).NeedsScope(TokenScopes.Administer).Produces<HookChanged>().Produces<HookChanged>(202)
            .ProducesProblem(403).ProducesProblem(404).ProducesValidationProblem(422).WithSummary("Change where it leads or what it is told, or switch it on or off");
        api.MapDelete("/{id:guid}", Delete).NeedsScope(TokenScopes.Administer).Produces<HookChanged>().Produces<HookChanged>(202).ProducesProblem(403).ProducesProblem(404).WithSummary("Delete a webhook");
        api.MapPost("/{id:guid}/secret", Rotate).NeedsScope(TokenScopes.Administer).Produces<HookSecretItem>().Produces<HookSecretItem>(202)
            .ProducesProblem(403).ProducesProblem(404).WithSummary("Another secret; the one before signs too for a day");
        api.MapPost("/{id:guid}/test", Test).NeedsScope(TokenScopes.Administer).Produces<HookDeliveryItem>().ProducesProblem(403).ProducesProblem(404).WithSummary("Send a test at once, and say what became of it");
        api.MapGet("/{id:guid}/deliveries", Deliveries).NeedsScope(TokenScopes.Administer).Produces<Listing<HookDeliveryItem>>().ProducesProblem(403).ProducesProblem(404).WithSummary("Its latest deliveries, the latest first");
    }

    private static async Task<IResult> List(HookReader hooks, CancellationToken cancel) => Results.Ok(new Listing<HookItem>([.. (await hooks.AllAsync(cancel)).Select(HookItem.Of)], null));

    private static async Task<IResult> Make(NewHookBody body, ClaimsPrincipal user, HookKeeping keeping, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("url", HookRules.UrlFault(body.Url, settings.Hooks)), ("events", HookRules.EventsFault(body.Events))) is { } invalid) return invalid;
        var (secret, result) = await keeping.MakeAsync(user, body.Url!, body.Events!, cancel);
        return result is null ? Problem(409, $"There are {HookRules.MaxHooks} webhooks already: delete one first.")
            : Created($"/hooks/{result.Ids[0]}", new HookSecretItem(result.Ids[0], secret!, settings.Name, result.Copies), result);
    }

    private static async Task<IResult> Get(Guid id, HookReader hooks, CancellationToken cancel) => await hooks.FindAsync(id, cancel) is { } hook ? Results.Ok(HookItem.Of(hook)) : NoHook();

    private static async Task<IResult> Change(Guid id, HookBody body, ClaimsPrincipal user, HookReader hooks, HookKeeping keeping, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("url", body.Url is null ? null : HookRules.UrlFault(body.Url, settings.Hooks)), ("events", body.Events is null ? null : HookRules.EventsFault(body.Events))) is { } invalid) return invalid;
        return await hooks.FindAsync(id, cancel) is { } hook ? Changed(id, await keeping.ChangeAsync(hook, user, body.Url, body.Events, body.On), settings) : NoHook();
    }

    private static async Task<IResult> Delete(Guid id, ClaimsPrincipal user, HookReader hooks, HookKeeping keeping, NodeSettings settings, CancellationToken cancel) =>
        await hooks.FindAsync(id, cancel) is { } hook ? Changed(id, await keeping.DeleteAsync(hook, user), settings) : NoHook();

    private static async Task<IResult> Rotate(Guid id, ClaimsPrincipal user, HookReader hooks, HookKeeping keeping, NodeSettings settings, CancellationToken cancel)
    {
        if (await hooks.FindAsync(id, cancel) is not { } hook) return NoHook();
        var (secret, result) = await keeping.RotateAsync(hook, user);
        return Done(null, new HookSecretItem(id, secret, settings.Name, result.Copies), result);
    }

    private static async Task<IResult> Test(Guid id, HookReader hooks, HookKeeping keeping, NodeSettings settings, CancellationToken cancel) =>
        await hooks.FindAsync(id, cancel) is { } hook ? Results.Ok(HookDeliveryItem.Of(await keeping.TestAsync(hook, cancel), settings.Name)) : NoHook();

    private static async Task<IResult> Deliveries(Guid id, string? after, int? limit, HookReader hooks, NodeNames names, CancellationToken cancel)
    {
        if (Page(after, limit, out var cursor, out var count) is { } invalid) return invalid;
        if (await hooks.FindAsync(id, cancel) is null) return NoHook();
        var found = await hooks.DeliveriesAsync(id, cursor, count + 1, cancel);
        return Results.Ok(new Listing<HookDeliveryItem>([.. found.Take(count).Select(d => HookDeliveryItem.Of(d, names[d.Origin]))], found.Count > count ? found[count - 1].Id.ToString() : null));
    }

    private static IResult Changed(Guid id, WriteResult result, NodeSettings settings) => Done(null, new HookChanged(id, settings.Name, result.Copies), result);

    private static IResult NoHook() => Problem(404, "There is no such webhook (any more).");
}
