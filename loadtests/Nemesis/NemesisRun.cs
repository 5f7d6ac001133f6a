using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis;

/// <summary>Takes a ring up, breaks it again and again, and stops at the first thing that must not be.</summary>
public sealed class NemesisRun(NemesisOptions options, string engine, int nodes, string folder, int port, TextWriter progress)
{
    private static readonly TimeSpan UpPatience = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan DownPatience = TimeSpan.FromMinutes(2);

    private readonly Dictionary<int, LoadSecond> _load = [];
    private long _began;

    /// <exception cref="MeasurementException">There is no ring to break; the message says why.</exception>
    public async Task<NemesisNumbers> RunAsync(CancellationToken cancel)
    {
        await CleanAsync(CancellationToken.None); // whatever a run that was killed has left in this folder
        var faults = new List<FaultResult>();
        var kept = true;
        try
        {
            await UpAsync(cancel);
            var ring = RingUnderTest.Open(folder);
            string[] names = [.. ring.Nodes.Select(n => n.Name)];
            using var daemons = new DaemonApi(ring);
            using var load = new NemesisLoad(ring);
            var version = (await daemons.HealthyAsync(options.ToHeal, cancel)).Nodes[0].Engine;
            _began = Clock.Now;
            IReadOnlyList<Moment> timeline;
            await using (var observer = new Observer(ring, _began))
            {
                await BreakAsync(names, load, faults, cancel);
                timeline = observer.Moments;
            }
            kept = faults.Any(f => f.Violation.Length > 0);
            return new(version, names, options, Now(), faults, timeline, [.. _load.Values.OrderBy(s => s.At)]);
        }
        finally
        {
            if (kept) await ConnectCommand.RunAsync(DownPatience, CancellationToken.None, "down", "--data", folder);
            else await CleanAsync(CancellationToken.None);
        }
    }

    private async Task BreakAsync(IReadOnlyList<string> names, NemesisLoad load, List<FaultResult> faults, CancellationToken cancel)
    {
        var past = new PastTopics();
        for (var number = options.First; faults.Count < options.MaxFaults && Now() < options.Duration.TotalSeconds && !cancel.IsCancellationRequested; number++)
        {
            var (kind, fault) = FaultKinds.Of(options.Seed, number, options.Kinds, names);
            await progress.WriteLineAsync($"{TimeSpan.FromSeconds(Now()):h\\:mm\\:ss}  fault {number}  {kind.Name}: {fault.Story}");
            var result = await new FaultRound(options, new Stage(folder, progress), load, past, Now).RunAsync(number, kind, fault, Keep, cancel);
            faults.Add(result);
            if (result.Violation.Length > 0)
            {
                await progress.WriteLineAsync($"    VIOLATION: {result.Violation}");
                return;
            }
            await progress.WriteLineAsync($"    whole after {result.HealSeconds:0.0} s{(result.ByOperator ? " BY OPERATOR" : "")}; {result.Acknowledged} acknowledged"
                + $"{(result.AcknowledgedAlone > 0 ? $" ({result.AcknowledgedAlone} by one node alone)" : "")}, {result.Pending} pending, {result.Unknown} unknown, {result.FailedRequests} requests failed{(result.FailedRequests > 0 ? $" ({string.Join(", ", result.Failures.Select(f => $"{f.Key} {f.Value}"))})" : "")}"
                + $"{(result.PendingLost > 0 ? $", {result.PendingLost} pending went with the disk" : "")}{(result.Died.Count > 0 ? $"; DIED: {string.Join(", ", result.Died)}" : "")}");
        }
    }

    /// <summary>Only the seconds are kept of a ledger that was checked: a run may last for hours.</summary>
    private void Keep(Ledger ledger)
    {
        foreach (var answer in ledger.Acknowledged) Add(answer.At, s => answer.Status == 201 ? s with { Acknowledged = s.Acknowledged + 1 } : s with { Pending = s.Pending + 1 });
        foreach (var failed in ledger.Failed) Add(failed.Ended, s => s with { Failed = s.Failed + 1 });
    }

    private void Add(long at, Func<LoadSecond, LoadSecond> change)
    {
        var second = (int)(Clock.Milliseconds(_began, at) / 1000);
        _load[second] = change(_load.GetValueOrDefault(second) ?? new(second, 0, 0, 0));
    }

    private double Now() => Math.Round(Clock.Milliseconds(_began, Clock.Now) / 1000, 2);

    private async Task UpAsync(CancellationToken cancel)
    {
        await progress.WriteLineAsync($"Taking up {nodes} nodes on {engine} in {folder}, each in a network namespace of its own");
        await ConnectAsync(UpPatience, cancel, "up", "--engine", engine, "--nodes", $"{nodes}", "--port", $"{port}", "--namespaces", "--detach");
        if (!options.Kinds.Contains("disk-full")) return;
        await progress.WriteLineAsync($"Giving each node a disk of its own, {options.DiskMiB} MiB");
        await ConnectAsync(DownPatience, cancel, "down");
        await Disks.MountAsync(RingUnderTest.Open(folder), options.DiskMiB, cancel);
        await ConnectAsync(UpPatience, cancel, "up", "--detach");
    }

    private async Task CleanAsync(CancellationToken cancel)
    {
        if (File.Exists(Path.Combine(folder, "ring.json"))) await ConnectAsync(DownPatience, cancel, "down");
        await Disks.UnmountAsync(folder, cancel);
        if (Directory.Exists(folder)) await ConnectAsync(DownPatience, cancel, "down", "--wipe");
    }

    private Task<double> ConnectAsync(TimeSpan patience, CancellationToken cancel, params string[] arguments) =>
        ConnectCommand.RunAsync(patience, Stage.Environment, cancel, [.. arguments, "--data", folder]);
}
