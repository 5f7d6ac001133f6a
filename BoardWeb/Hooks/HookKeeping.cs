using System.Security.Claims;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;

namespace Connect.BoardWeb.Hooks;

/// <summary>Makes, changes and tries webhooks, for administrators. Each change is a row with all of it.</summary>
public sealed class HookKeeping(WriteBatcher writes, HookReader hooks, HookSecrets secrets, HookClient client, HookTexts texts, Uuid7 ids, BoardMetrics metrics, TimeProvider time)
{
    /// <summary>A webhook, and the secret that signs what it is told, which is not shown again; no secret: there are <see cref="HookRules.MaxHooks"/> already.</summary>
    public async Task<(string? Secret, WriteResult? Result)> MakeAsync(ClaimsPrincipal by, string url, IEnumerable<string> events, CancellationToken cancel)
    {
        if ((await hooks.AllAsync(cancel)).Count >= HookRules.MaxHooks) return (null, null);
        var secret = HookSecrets.New();
        var seal = secrets.Seal(secret);
        return (secret, await writes.WriteAsync(new(next =>
        {
            var id = next();
            return [new NewHook(id, id, Identity.AccountOf(by)!.Value, url, Joined(events), seal, "", 0, HookState.On, id)];
        })));
    }

    /// <summary>Changes what is not null. One that is switched on is told what is written from then on.</summary>
    public Task<WriteResult> ChangeAsync(Hook hook, ClaimsPrincipal by, string? url, IEnumerable<string>? events, bool? on)
    {
        var wanted = hook with { Url = url ?? hook.Url, Events = events is null ? hook.Events : Joined(events).Split(' '), State = on is null || on == hook.IsOn ? hook.State : on.Value ? HookState.On : HookState.Off };
        return Same(wanted, hook) ? Task.FromResult(new WriteResult([], hook.Id, "", 0, true)) : WriteAsync(wanted, Identity.AccountOf(by)!.Value, wanted.IsOn && !hook.IsOn);
    }

    /// <summary>Another secret; the one before signs too for <see cref="HookRules.Overlap"/>.</summary>
    public async Task<(string Secret, WriteResult Result)> RotateAsync(Hook hook, ClaimsPrincipal by)
    {
        var secret = HookSecrets.New();
        var until = (time.GetUtcNow() + HookRules.Overlap).ToUnixTimeMilliseconds();
        return (secret, await WriteAsync(hook with { Secret = secrets.Seal(secret), Before = hook.Secret, BeforeUntil = until }, Identity.AccountOf(by)!.Value, false));
    }

    public Task<WriteResult> DeleteAsync(Hook hook, ClaimsPrincipal by) => WriteAsync(hook with { State = HookState.Deleted }, Identity.AccountOf(by)!.Value, false);

    /// <summary>It has failed too often.</summary>
    internal Task<WriteResult> SwitchOffAsync(Hook hook) => WriteAsync(hook with { State = HookState.Failing }, hook.Author, false);

    /// <summary>Tells it something at once, from this node, whatever its state is; once.</summary>
    public async Task<HookDelivery> TestAsync(Hook hook, CancellationToken cancel)
    {
        var id = ids.Next();
        var answer = await client.SendAsync(hook, id, texts.OfTest(id), cancel);
        (answer.IsTaken ? metrics.HooksDelivered : metrics.HooksFailed).Add();
        var outcome = answer.IsTaken ? HookOutcome.Delivered : HookOutcome.Failed;
        var result = await writes.WriteAsync(new(next => [new NewHookDelivery(next(), hook.Id, id, 0, HookEvent.Test, 1, outcome, answer.Status, answer.Note)]));
        return new(result.Ids[0], id, HookEvent.Test, 1, outcome, answer.Status, answer.Note, 0);
    }

    private Task<WriteResult> WriteAsync(Hook hook, Guid author, bool switchedOn) => writes.WriteAsync(new(next =>
    {
        var id = next();
        return [new NewHook(id, hook.Id, author, hook.Url, Joined(hook.Events), hook.Secret, hook.Before, hook.BeforeUntil, hook.State, switchedOn ? id : hook.Since)];
    }));

    private static string Joined(IEnumerable<string> events) => string.Join(' ', HookEvent.All.Where(events.Contains));

    private static bool Same(Hook one, Hook other) => one.Url == other.Url && one.State == other.State && one.Events.SequenceEqual(other.Events);
}
