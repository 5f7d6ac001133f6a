using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Api;

/// <summary>What an operator's verb did, or with <c>--dry-run</c> would do.</summary>
public sealed record OperatorAnswer(bool Done, string Message, IReadOnlyList<string> Steps);

/// <summary>The verbs that change this node. Each says its steps, checks live state first, and answers when its point of success is reached or its time is over.</summary>
public sealed class OperatorDesk(NodeSettings settings, OperatorWishes wishes, RingAgent agent, Departure departure, IMembership membership, AuditLog audit, TimeProvider time)
{
    /// <summary>Longest wait for a node to be drained; after that the wish stands and the node goes on by itself.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    public async Task<IResult> MaintenanceAsync(bool on, bool dryRun, CancellationToken cancel)
    {
        if (wishes.Current.Leave) return Refuse($"{settings.Name} is leaving; it cannot go into or out of maintenance any more.");
        string[] steps = on
            ? [$"stop new readers at the load balancer for {settings.Name}", "wait until another member holds everything it knows", "its successor replicates from its predecessor", $"{settings.Name} goes on replicating as a leaf"]
            : [$"{settings.Name} compares itself with the others and catches up", "its successor replicates from it again after a second", "the load balancer sends readers again"];
        if (dryRun) return Results.Ok(new OperatorAnswer(false, "Nothing was changed.", steps));
        wishes.Set(wishes.Current with { Maintenance = on });
        audit.Add($"maintenance {(on ? "on" : "off")}", "an operator's wish", "accepted");
        agent.WishesChanged();
        var wanted = on ? Phase.Maintenance : Phase.Serving;
        return await UntilAsync(() => agent.Report.Phase == wanted, cancel)
            ? Results.Ok(new OperatorAnswer(true, on ? $"{settings.Name} is in maintenance." : $"{settings.Name} is back.", steps))
            : Results.Ok(new OperatorAnswer(false, $"{settings.Name} is not there yet: {agent.Report.Why}. It goes on by itself; see connect explain.", steps));
    }

    public async Task<IResult> LeaveAsync(bool dryRun, CancellationToken cancel)
    {
        string[] steps = [$"stop new readers at the load balancer for {settings.Name}", "wait until another member holds everything it knows", "say goodbye: the ring closes around it", "stop its replication; its server keeps its data"];
        var others = membership.Current.Members.Count(m => m.Name != settings.Name && m.Liveness is Liveness.Alive or Liveness.Suspect);
        if (others == 0) return Refuse($"{settings.Name} is the only member that is alive: if it left, the board would be gone. Bring another member back first.");
        if (dryRun) return Results.Ok(new OperatorAnswer(false, "Nothing was changed.", steps));
        wishes.Set(wishes.Current with { Leave = true });
        audit.Add("leave", "an operator's wish", "accepted");
        agent.WishesChanged();
        return await UntilAsync(() => departure.Gone.IsCompleted, cancel)
            ? Results.Ok(new OperatorAnswer(true, $"{settings.Name} has left the ring.", steps))
            : Results.Ok(new OperatorAnswer(false, $"{settings.Name} has not left yet: {agent.Report.Why}. It goes on by itself; see connect explain.", steps));
    }

    /// <summary>For a member that died for good: it is no longer expected, and its server id stays retired.</summary>
    public async Task<IResult> ForgetAsync(string name, bool dryRun, CancellationToken cancel)
    {
        if (membership.Current.Find(name) is not { Liveness: not Liveness.Left } member) return Refuse($"There is no member '{name}'.");
        if (member.Liveness != Liveness.Unreachable) return Refuse($"{name} is {NodeState.Of(member)}: a member that lives is taken out with connect leave.");
        string[] steps = [$"every member counts {name} as left", $"server id {member.Facts.ServerId} stays retired for ever", $"rows that only {name} held are lost unless its data comes back"];
        if (dryRun) return Results.Ok(new OperatorAnswer(false, "Nothing was changed.", steps));
        audit.Add($"forget {name}", "an operator's wish; it is unreachable", "accepted");
        membership.Forget(name);
        return await UntilAsync(() => membership.Current.Find(name) is null or { Liveness: Liveness.Left }, cancel)
            ? Results.Ok(new OperatorAnswer(true, $"{name} is forgotten.", steps))
            : Results.Ok(new OperatorAnswer(false, $"{name} is still known; it may have come back.", steps));
    }

    public async Task<IResult> RejoinAsync(bool dryRun, CancellationToken cancel)
    {
        if (wishes.Current.HasLeft) return Refuse($"{settings.Name} has left for good. It can only come back as a new node, with a new server id and an empty server.");
        string[] steps = ["compare its position with every member's", "point its replication anew", "catch up, then serve"];
        if (dryRun) return Results.Ok(new OperatorAnswer(false, agent.Report.Why.Length > 0 ? agent.Report.Why : "Nothing was changed; the node serves.", steps));
        wishes.Set(new(false, false));
        audit.Add("rejoin", "an operator's wish", "accepted");
        await agent.RejoinAsync();
        return await UntilAsync(() => agent.Report.Serving, cancel)
            ? Results.Ok(new OperatorAnswer(true, $"{settings.Name} serves.", steps))
            : Results.Ok(new OperatorAnswer(false, $"{settings.Name} does not serve yet: {agent.Report.Why}", steps));
    }

    private static IResult Refuse(string why) => Results.Problem(why, statusCode: 409);

    private async Task<bool> UntilAsync(Func<bool> reached, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        while (!reached())
        {
            if (time.GetElapsedTime(started) > Patience) return false;
            await Task.Delay(LookEvery, time, cancel);
        }
        return true;
    }
}
