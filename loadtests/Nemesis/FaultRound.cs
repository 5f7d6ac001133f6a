using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;
using Connect.Node.Database;

namespace Connect.LoadTests.Nemesis;

/// <summary>Breaks a whole ring once while people post, mends it, and holds it against what was promised.</summary>
public sealed class FaultRound(NemesisOptions options, Stage stage, NemesisLoad load, PastTopics past, Func<double> now)
{
    private static readonly TimeSpan OneLook = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(500);

    /// <param name="onLedger">Gets the round's ledger when nobody posts any more.</param>
    public async Task<FaultResult> RunAsync(int number, FaultKind kind, Fault fault, Action<Ledger> onLedger, CancellationToken cancel)
    {
        var topic = await BoardTopic.CreateAsync(load.Balancer, $"Fault {number}: {kind.Name}", cancel);
        await load.KnownEverywhereAsync(topic.Id, cancel);
        var result = new FaultResult { Number = number, Kind = kind.Name, Story = fault.Story, LoadFrom = now() };
        var ledger = new Ledger();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var posting = load.RunAsync(topic.Id, ledger, options.Rate, enough.Token);
        try
        {
            await Task.Delay(options.RunIn, cancel);
            result.Began = now();
            await fault.BeginAsync(stage, cancel);
            await fault.LastAsync(stage, cancel);
            result.Mending = now();
            await fault.MendAsync(stage, cancel);
            await WholeAsync(result, cancel);
            result.Whole = now();
        }
        catch (Exception e) when (e is MeasurementException or DatabaseUnavailableException or System.Data.Common.DbException or IOException)
        {
            result.Violation = e.Message;
        }
        await enough.CancelAsync();
        await posting;
        onLedger(ledger);
        Count(result, ledger);
        (result.ByOperator, result.Notes) = (stage.ByOperator, stage.Notes);
        if (result.Violation.Length == 0) await CheckAsync(result, fault, topic, ledger, cancel);
        return result;
    }

    /// <summary>Waits until the ring is whole. Who ended without being killed is noted and started again, as a supervisor would.</summary>
    private async Task WholeAsync(FaultResult result, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, options.ToHeal);
        while (true)
        {
            foreach (var node in stage.Ring.Nodes)
            {
                var dead = Stage.Parts.Where(part => node.Process(part) is null).ToArray();
                if (dead.Length == 0) continue;
                // A server may end itself: a full disk, a clone.
                result.Died.AddRange(dead.Where(part => part != "mysql").Select(part => $"{part} of {node.Name}"));
                stage.Note($"{string.Join(", ", dead)} of {node.Name} ended; started again");
                await stage.StartAsync(node.Name, cancel);
            }
            using var daemons = new DaemonApi(stage.Ring);
            try
            {
                await daemons.HealthyAsync(OneLook, cancel);
                return;
            }
            catch (MeasurementException e)
            {
                if (Clock.Now > deadline) throw new MeasurementException($"{options.ToHeal.TotalSeconds:0} s after mending the ring is not whole. {e.Message}", e);
            }
        }
    }

    private static void Count(FaultResult result, Ledger ledger)
    {
        result.Acknowledged = ledger.Acknowledged.Count(a => a.Status == 201);
        result.AcknowledgedAlone = ledger.Acknowledged.Count(a => a.Status == 201 && a.Copies == 0);
        result.Pending = ledger.Acknowledged.Count(a => a.Status == 202);
        result.Unknown = ledger.GivenUp.Count;
        result.FailedRequests = ledger.Failed.Count;
        result.Failures = ledger.Failed.GroupBy(f => f.Detail).OrderByDescending(g => g.Count()).ToDictionary(g => g.Key, g => g.Count());
    }

    private async Task CheckAsync(FaultResult result, Fault fault, BoardTopic topic, Ledger ledger, CancellationToken cancel)
    {
        var ring = stage.Ring;
        try
        {
            var verdict = await LedgerCheck.RunAsync(ring, topic.Id, ledger, options.ToConverge, cancel);
            var pending = ledger.Acknowledged.Where(a => a.Status == 202).Select(a => a.Token).ToHashSet();
            // The operator's procedure deletes a disk too.
            var forgiven = verdict.Lost.Where(l => (fault.LosesDisk || result.ByOperator) && pending.Contains(l.Token)).ToArray();
            result.PendingLost = forgiven.Select(f => f.Token).Distinct().Count();
            (result.Lost, result.Doubled) = ([.. verdict.Lost.Except(forgiven)], verdict.Doubled);
            result.Diverged = await EqualAsync(ring, cancel);
            var gone = await past.MissingAsync(ring, cancel);
            result.Violation = string.Join("; ", new[]
            {
                result.Lost.Count > 0 ? $"{result.Lost.Select(l => l.Token).Distinct().Count()} acknowledged posts are lost on {string.Join(", ", result.Lost.Select(l => l.Node).Distinct())}" : "",
                result.Doubled.Count > 0 ? $"{result.Doubled.Count} posts are there twice" : "",
                result.Diverged.Count > 0 ? $"copies differ: {string.Join("; ", result.Diverged)}" : "",
                gone,
            }.Where(part => part.Length > 0));
            past.Add(topic.Id, await PastTopics.CountAsync(ring.Nodes[0], topic.Id, cancel));
            result.Checked = now();
        }
        catch (DatabaseUnavailableException e)
        {
            result.Violation = $"The copies could not be compared: {e.Message}";
        }
    }

    private async Task<IReadOnlyList<string>> EqualAsync(RingUnderTest ring, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, options.ToConverge);
        string[] names = [.. ring.Nodes.Select(n => n.Name)];
        while (true)
        {
            var differences = CopyCheck.Differences(await CopyCheck.ReadAsync(ring, cancel), names);
            if (differences.Count == 0 || Clock.Now > deadline) return differences;
            await Task.Delay(LookAgain, cancel);
        }
    }
}
