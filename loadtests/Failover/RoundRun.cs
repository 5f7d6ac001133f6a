using Connect.LoadTests.Load;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Ring;
using Connect.Node.Database;

namespace Connect.LoadTests.Failover;

/// <summary>Breaks one node of a whole ring and measures the detour.</summary>
public sealed class RoundRun(RingUnderTest ring, DaemonApi daemons, BoardTopic probes, Uuid7 ids, FailoverOptions options)
{
    private static readonly TimeSpan RunIn = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FirstProbe = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan RunOut = TimeSpan.FromMilliseconds(500);

    /// <param name="number">Of the round, from 1.</param>
    /// <param name="victim">Whom to break.</param>
    /// <param name="state">The ring as it was just found whole.</param>
    /// <param name="jitter">A further wait before the kill.</param>
    public async Task<Round> RunAsync(int number, string victim, RingState state, TimeSpan jitter, CancellationToken cancel)
    {
        var (before, after) = (state.Predecessor(victim), state.Successor(victim));
        using var writer = new ProbeWriter(ring[before], probes, ids, state[before].ServerId);
        using var reader = new ProbeReader(ring[after], probes);
        using var balancer = new BalancerWatch(new(ring.BalancerSocket), victim);
        writer.Start();
        reader.Start();
        balancer.Start();
        await ArriveAsync(writer, reader, $"Probe rows written on {before} do not reach {after} while the ring is whole", cancel);
        await Task.Delay(RunIn + jitter, cancel);
        var processes = options.Parts.Select(part => ring[victim].Process(part) ?? throw new MeasurementException($"{part} of {victim} does not run.")).ToArray();

        var wall = DateTimeOffset.UtcNow;
        var killedAt = Clock.Now;
        balancer.Killed(killedAt); // before the first signal: a watcher may be quicker than this thread
        foreach (var process in processes) process.Send(options.Signal);
        var dead = Clock.Now;

        var deadline = Clock.After(killedAt, FailoverOptions.RoundPatience);
        (Probe Row, long SeenAt)? first = null;
        while (Clock.Now < deadline && (first is null || balancer.OutSince == 0))
        {
            await Task.Delay(Look, cancel);
            first ??= FirstSentAfter(dead, writer, reader);
        }
        var proven = first is not null && await IsSourceAsync(ring[after], before, cancel);
        var (detected, repoint) = AuditReading.Of(await daemons.GetAsync(ring[after], "/v1/audit?limit=50", TimeSpan.FromSeconds(3), cancel), before, wall);
        await Task.Delay(RunOut, cancel); // the load goes on for a moment on the detour
        return new()
        {
            Number = number,
            Victim = victim,
            Predecessor = before,
            Successor = after,
            At = wall,
            KilledAt = killedAt,
            FlowMs = first is { } f ? Clock.Milliseconds(killedAt, f.SeenAt) : null,
            RowTravelMs = first is { } g ? Clock.Milliseconds(g.Row.Sent, g.SeenAt) : null,
            BalancerMs = balancer.OutSince is > 0 and var outSince ? Clock.Milliseconds(killedAt, outSince) : null,
            DetectedMs = detected,
            RepointMs = repoint,
            SourceProven = proven || first is null,
            ServedBefore = balancer.ServedBefore,
            ProbesWritten = writer.Written,
            ProbesFailed = writer.Failed,
        };
    }

    /// <summary>Waits until a row of this round has gone the old way.</summary>
    private static async Task ArriveAsync(ProbeWriter writer, ProbeReader reader, string otherwise, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, FirstProbe);
        while (!reader.Seen().Any(s => writer.Find(s.Newest) is not null))
        {
            if (Clock.Now > deadline) throw new MeasurementException($"{otherwise} ({writer.Written} written, {writer.Failed} failed{(writer.Fault is { } fault ? $": {fault}" : "")}).");
            await Task.Delay(Look, cancel);
        }
    }

    /// <summary>
    /// The first sight of a row that was <em>sent</em> after the last signal. The old way led through the victim, which was dead or frozen by then,
    /// so such a row can only have come over the new link.
    /// </summary>
    private static (Probe Row, long SeenAt)? FirstSentAfter(long dead, ProbeWriter writer, ProbeReader reader)
    {
        foreach (var (newest, seenAt) in reader.Seen())
        {
            if (seenAt > dead && writer.Find(newest) is { } row && row.Sent > dead) return (row, seenAt);
        }
        return null;
    }

    private async Task<bool> IsSourceAsync(RingMember node, string source, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, TimeSpan.FromSeconds(3));
        do
        {
            var report = await daemons.GetAsync(node, "/v1/node", TimeSpan.FromSeconds(2), cancel);
            if ((string?)report?["source"] == source) return true;
            await Task.Delay(50, cancel);
        }
        while (Clock.Now < deadline);
        return false;
    }
}
