using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Writes;
using Connect.Node.Settings;
using static Connect.BoardWeb.Api.Answers;

namespace Connect.BoardWeb.Mail;

public sealed record MailAddressBody(string? Address);

/// <param name="Token">Of the link in the mail.</param>
public sealed record MailConfirmBody(string? Token);

/// <param name="Frequency">never, daily or weekly.</param>
public sealed record DigestBody(string? Frequency);

/// <param name="Address">Null if there is none.</param>
/// <param name="Confirmed">Only then anything else than the request to confirm it is sent there.</param>
/// <param name="Digest">never, daily or weekly.</param>
/// <param name="Sends">The board has a mail server.</param>
public sealed record MailItem(string? Address, bool Confirmed, string Digest, bool Sends);

/// <summary>What was chosen.</summary>
public sealed record MailChanged(Guid Account, string Node, int Copies);

/// <summary>One's own mail address and digests, for programs.</summary>
internal static class MailEndpoints
{
    public static void AddMail(this IServiceCollection services)
    {
        services.AddSingleton<MailAddresses>().AddSingleton<MailTokens>().AddSingleton<MailSender>().AddSingleton<DigestMail>().AddSingleton<MailAsking>();
        services.AddSingleton<Outbox>().AddHostedService(p => p.GetRequiredService<Outbox>());
        services.AddHostedService<DigestRounds>();
    }

    /// <summary>With an address one gets another password, so to give one asks for the same scope as to make a token.</summary>
    public static void MapMail(this RouteGroupBuilder api)
    {
        api.MapGet("/mail", Get).Produces<MailItem>().WithSummary("One's own mail address, and how often one wants a digest");
        api.MapPut("/mail/address", Give).NeedsScope(TokenScopes.Administer).Produces<MailChanged>().Produces<MailChanged>(202)
            .ProducesProblem(404).ProducesProblem(409).ProducesValidationProblem(422).WithSummary("Give an address: a link is sent there that confirms it");
        api.MapPost("/mail/confirm", Confirm).NeedsScope(TokenScopes.Administer).Produces<MailChanged>().Produces<MailChanged>(202)
            .ProducesProblem(409).ProducesValidationProblem(422).WithSummary("Confirm an address with the token of the link");
        api.MapDelete("/mail/address", Remove).NeedsScope(TokenScopes.Administer).Produces<MailChanged>().Produces<MailChanged>(202).WithSummary("Have no address any more");
        api.MapPut("/mail/digest", Choose).Produces<MailChanged>().Produces<MailChanged>(202)
            .ProducesValidationProblem(422).WithSummary("How often one wants a digest: never, daily or weekly");
    }

    private static async Task<IResult> Get(ClaimsPrincipal user, MailAddresses addresses, MailAsking asking, CancellationToken cancel)
    {
        var choice = await addresses.OfAsync(Identity.AccountOf(user)!.Value, cancel);
        return Results.Ok(new MailItem(choice.Address.Length > 0 ? choice.Address : null, choice.Confirmed, choice.Digest, asking.IsSetUp));
    }

    private static async Task<IResult> Give(MailAddressBody body, ClaimsPrincipal user, AccountReader accounts, MailAsking asking, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("address", MailRules.Fault(body.Address))) is { } invalid) return invalid;
        if (await accounts.FindAsync(Identity.AccountOf(user)!.Value, cancel) is not { } account) return Problem(404, "This account has not arrived here yet. Try again in a moment.");
        var (result, fault) = await asking.GiveAsync(account, body.Address!, cancel);
        return result is null ? Problem(409, fault!) : Changed(account.Id, result, settings);
    }

    private static async Task<IResult> Confirm(MailConfirmBody body, ClaimsPrincipal user, MailAddresses addresses, MailTokens tokens, NodeSettings settings, CancellationToken cancel)
    {
        var me = Identity.AccountOf(user)!.Value;
        if (tokens.OfConfirming(body.Token) is not { } given || given.Account != me) return Invalid(("token", "This is no token of a link that was sent to you in the last 24 hours. Give the address again."))!;
        return await addresses.ConfirmAsync(me, given.Address, cancel) is { } result ? Changed(me, result, settings) : Problem(409, "You have given another address since, or none. Open the link of the latest mail.");
    }

    private static async Task<IResult> Remove(ClaimsPrincipal user, MailAddresses addresses, NodeSettings settings, CancellationToken cancel) =>
        Changed(Identity.AccountOf(user)!.Value, await addresses.RemoveAsync(Identity.AccountOf(user)!.Value, cancel), settings);

    private static async Task<IResult> Choose(DigestBody body, ClaimsPrincipal user, MailAddresses addresses, NodeSettings settings, CancellationToken cancel)
    {
        if (Invalid(("frequency", DigestFrequency.All.Contains(body.Frequency) ? null : $"Choose one of {string.Join(", ", DigestFrequency.All)}.")) is { } invalid) return invalid;
        return Changed(Identity.AccountOf(user)!.Value, await addresses.ChooseAsync(Identity.AccountOf(user)!.Value, body.Frequency!, cancel), settings);
    }

    private static IResult Changed(Guid account, WriteResult result, NodeSettings settings) => Done(null, new MailChanged(account, settings.Name, result.Copies), result);
}
