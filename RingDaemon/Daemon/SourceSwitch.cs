using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// Carries out one change of this node's source: look at the new source's live state, judge, change, read back, write down why and what came of it.
/// </summary>
public sealed class SourceSwitch(IReplicationServer server, Peers peers, Account replication, ServerTls tls, IAudit audit, DecisionCounts counts, TimeProvider time)
{
    /// <summary>What was received from the old source is applied before it is given up, for at most this long: changing the source throws the rest away.</summary>
    private static readonly TimeSpan ApplyReceived = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan LookBefore = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReadBack = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReadBackEvery = TimeSpan.FromMilliseconds(10);

    /// <summary>Does what the controller wants.</summary>
    /// <returns>What to tell it.</returns>
    public Task<RingInput.Ended> CarryOutAsync(RingEffect change, ServerIdentity me, CancellationToken cancel) => change switch
    {
        RingEffect.PointAt p => PointAtAsync(p.Source, p.Why, me, cancel),
        RingEffect.StopReplication s => StopAsync(s.Why, cancel),
        _ => throw new InvalidOperationException(change.ToString()),
    };

    private async Task<RingInput.Ended> PointAtAsync(Member source, string why, ServerIdentity me, CancellationToken cancel)
    {
        var action = $"point at {source.Name}";
        var started = time.GetTimestamp();
        try
        {
            var own = await server.PositionAsync(cancel);
            if (RetentionFloor.Lacking(source.Facts, own) is { IsEmpty: false } purged)
            {
                // It has said so itself: no need to ask it, and nothing was tried that an operator has to know of. The change that is made instead says who was passed over.
                counts.PassOver();
                return new(source.Name, $"its logs no longer hold {purged}, which this node lacks", BlamesMember: true, LogsPurged: true);
            }
            var theirs = await LookAsync(source, cancel);
            if (theirs is null) return Refused(action, why, source, "its MySQL does not answer me");
            var judgement = SourceCheck.Judge(me, own, theirs);
            if (!judgement.IsFit) return Refused(action, why, source, judgement.Why) with { LogsPurged = judgement.Fitness == SourceFitness.NeedsPurgedLogs };

            var address = new ServerAddress(source.Facts.MysqlHost, source.Facts.MysqlPort);
            await server.PointAtAsync(address, replication, tls, ApplyReceived, theirs.Executed.Except(own).Count, cancel);
            var status = await ReadBackAsync(address, cancel);
            var took = time.GetElapsedTime(started).TotalMilliseconds;
            counts.Count(changed: status.Running);
            if (status.Running)
            {
                audit.Add(action, $"{why}; I am at [{own}], it is at [{theirs.Executed}]", $"replicating after {took:0} ms");
                return new(source.Name, null, false);
            }
            var fault = status.LastError ?? $"replication did not start within {ReadBack.TotalSeconds:0} s";
            if (!status.Receiving) return Refused(action, why, source, fault);
            // It sends, and this server cannot apply: another source would send the same.
            audit.Add(action, why, $"connected, but this node's own MySQL does not apply: {fault}");
            return new(source.Name, fault, BlamesMember: false);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            audit.Add(action, why, $"failed: this node's own MySQL: {e.Message}");
            return new(source.Name, e.Message, BlamesMember: false);
        }
    }

    private async Task<RingInput.Ended> StopAsync(string why, CancellationToken cancel)
    {
        try
        {
            await server.StopAsync(cancel);
            audit.Add("stop replicating", why, "stopped");
            return new(null, null, false);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            audit.Add("stop replicating", why, $"failed: this node's own MySQL: {e.Message}");
            return new(null, e.Message, BlamesMember: false);
        }
    }

    private RingInput.Ended Refused(string action, string why, Member source, string objection)
    {
        audit.Add(action, why, $"not done: {objection}");
        return new(source.Name, objection, BlamesMember: true);
    }

    private async Task<PeerPosition?> LookAsync(Member source, CancellationToken cancel)
    {
        try
        {
            return await peers[source].PositionAsync(LookBefore, cancel);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            return null;
        }
    }

    /// <summary>The threads need a moment to connect: ask until they run, an error shows, or the time is over.</summary>
    private async Task<ReplicaStatus> ReadBackAsync(ServerAddress wanted, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var status = await server.StatusAsync(cancel);
            if (status.Source == wanted && status.Running) return status;
            if (status.LastErrorNumber != 0 && !status.Connecting || time.GetElapsedTime(started) > ReadBack) return status;
            await Task.Delay(ReadBackEvery, time, cancel);
        }
    }
}
