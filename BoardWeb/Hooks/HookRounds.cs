using System.Data.Common;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Sending;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Hooks;

/// <summary>
/// Tells webhooks what happens, if it is this node's turn (<see cref="SenderTurn"/>): each webhook one thing after the other, in the order of age, all of them beside each other. What was
/// tried is written down after it was tried, so something may be told twice, with the same id, and nothing is left out.
/// </summary>
public sealed class HookRounds(
    BoardDatabase database, WriteBatcher writes, HookReader hooks, HookKeeping keeping, HookClient client, HookTexts texts, SenderTurn turn, NodeSettings settings, BoardMetrics metrics, TimeProvider time,
    ILogger<HookRounds> log) : BackgroundService
{
    /// <summary>Events that one webhook is told in one round, after which it is written down.</summary>
    private const int AtOnce = 20;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500), PaceOfOthers = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Guid, HookBacklog> _queues = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (turn.IsOurs) await RoundAsync(stoppingToken);
                else _queues.Clear();
                await Task.Delay(turn.IsOurs ? Pace : PaceOfOthers, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was told and not written down yet is told once more, by another node.
        }
    }

    private async Task RoundAsync(CancellationToken cancel)
    {
        try
        {
            var on = (await hooks.AllAsync(cancel)).Where(h => h.IsOn).ToList();
            foreach (var gone in _queues.Keys.Except(on.Select(h => h.Id)).ToList()) _queues.Remove(gone);
            if (on.Count == 0) return;
            await database.ReadAsync(c =>
            {
                var newest = Marks.Newest(c, "post", "post_revision", "decision");
                foreach (var hook in on) Refresh(c, hook, newest);
                return true;
            }, cancel);
            await Task.WhenAll(_queues.Values.Select(q => TellAsync(q, cancel)));
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException or TimeoutException)
        {
            _queues.Clear(); // what was not written down is looked up again
            log.LogDebug("Webhooks cannot be told anything: {Reason}", e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            _queues.Clear();
            log.LogError(e, "Webhooks could not be told anything."); // the next round must get its chance
        }
    }

    private void Refresh(DbConnection connection, Hook hook, Marks newest)
    {
        if (!_queues.TryGetValue(hook.Id, out var queue) || queue.Hook.Since != hook.Since || !queue.Hook.Events.SequenceEqual(hook.Events))
            _queues[hook.Id] = queue = HookBacklog.Load(connection, hook, time.GetUtcNow(), n => HookRules.PauseAfter(n, settings.Hooks), settings.Hooks.MaxFailures);
        queue.Hook = hook;
        queue.Fill(connection, newest, time.GetUtcNow());
    }

    private async Task TellAsync(HookBacklog queue, CancellationToken cancel)
    {
        var told = new List<(HookTask Task, string Outcome, HookAnswer Answer)>();
        if (time.GetUtcNow() < queue.RestsUntil) return;
        foreach (var task in queue.Waiting.Values.Where(t => t.Due <= time.GetUtcNow()).Take(AtOnce).ToList())
        {
            if (!turn.IsOurs) break;
            var answer = await texts.OfAsync(task.Event, task.Id, task.Post, cancel) is { } text ? await client.SendAsync(queue.Hook, task.Id, text, cancel) : null;
            queue.Waiting.Remove(task.Id);
            if (answer is null)
            {
                told.Add((task, HookOutcome.Skipped, new(0, "There is nothing to tell: what it is about is not here.")));
                continue;
            }
            if (answer.IsTaken)
            {
                metrics.HooksDelivered.Add();
                queue.Failures = 0;
                told.Add((task, HookOutcome.Delivered, answer));
                continue;
            }
            metrics.HooksFailed.Add();
            queue.Failures++;
            var (now, pause) = (time.GetUtcNow(), HookRules.PauseAfter(task.Attempts + 1, settings.Hooks));
            var again = now + pause - (task.First ?? now) < HookRules.GiveUpAfter;
            if (again) queue.Waiting[task.Id] = task with { Attempts = task.Attempts + 1, First = task.First ?? now, Due = now + pause };
            told.Add((task, again ? HookOutcome.Failed : HookOutcome.GivenUp, answer));
            queue.RestsUntil = now + HookRules.RestAfter(queue.Failures, settings.Hooks);
            log.LogWarning("Webhook {Hook} at {Host} did not take {Event} ({Failures} in a row): {Reason}", queue.Hook.Id, queue.Hook.Host, task.Event, queue.Failures, answer.Note);
            break;
        }
        if (told.Count == 0) return;
        await writes.WriteAsync(new(next => [.. told.Select(t => new NewHookDelivery(next(), queue.Hook.Id, t.Task.Id, t.Task.Origin, t.Task.Event, t.Task.Attempts + 1, t.Outcome, t.Answer.Status, t.Answer.Note))]));
        if (queue.Failures < settings.Hooks.MaxFailures) return;
        await keeping.SwitchOffAsync(queue.Hook);
        log.LogWarning("Webhook {Hook} at {Host} failed {Failures} times in a row and is switched off.", queue.Hook.Id, queue.Hook.Host, queue.Failures);
    }
}
