using Connect.Node.Database;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Keys;

/// <summary>
/// Changes the cluster's key on all members, without a moment in which they do not understand each other. Asks everybody what they hold, lets <see cref="KeyPlan"/> say what is
/// next, has it done, and asks again. Interrupted anywhere, by anything, it is run again on any member and goes on from there.
/// </summary>
public sealed class KeyRotation(
    NodeSettings settings, KeyKeeper keeper, CookieKeySealing cookies, RingAgent agent, IMembership membership, MemberClient client, AuditLog audit, TimeProvider time) : IDisposable
{
    private const string Action = "rotate the cluster's key";

    private static readonly TimeSpan AnswerTakes = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait for a member, mostly for its board, to take over one step. Boards look at the file once a second.</summary>
    private static readonly TimeSpan StepTakes = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <param name="dryRun">Only say what would be done.</param>
    /// <param name="without">Members that are unreachable and get the new key by hand.</param>
    /// <param name="cancel">Stops between two steps; the next run goes on.</param>
    public async Task<IResult> RotateAsync(bool dryRun, IReadOnlyList<string> without, CancellationToken cancel)
    {
        if (!agent.Report.Writable) return Refuse($"{settings.Name} is not in the ring as it should be ({agent.Report.Why}); ask another member.");
        if (!await _one.WaitAsync(0, cancel)) return Refuse($"{settings.Name} is rotating the key already.");
        try
        {
            return await RunAsync(dryRun, without, cancel);
        }
        catch (StoppedException e)
        {
            if (!dryRun) audit.Add(Action, "an operator's wish", $"stopped: {e.Message}");
            return Refuse($"{e.Message} Nobody is cut off: run it again, and it goes on from here.");
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<IResult> RunAsync(bool dryRun, IReadOnlyList<string> without, CancellationToken cancel)
    {
        var members = await MembersAsync(without, cancel);
        var move = KeyPlan.Next(members.Keys.ToList());
        var fresh = move.Step == KeyStep.Done;
        string[] steps =
        [
            fresh ? $"{settings.Name} makes a key; {move.Target} is to go" : $"finish the rotation to {move.Target}, which was begun and not ended",
            $"add it on {string.Join(", ", members.Keys.Select(m => m.Node).Order())}", "seal with it everywhere", "seal the keys for cookies with it", "remove every other key everywhere",
            .. without.Select(name => $"{name} is left out: it must get the key file of another member by hand before it is started"),
        ];
        if (dryRun) return Results.Ok(new OperatorAnswer(false, "Nothing was changed.", steps));
        audit.Add(Action, $"an operator's wish{(without.Count > 0 ? $", without {string.Join(", ", without)}" : "")}; all hold {move.Target}", fresh ? "begun" : "taken up again");
        if (fresh)
        {
            var held = keeper.Report();
            var made = held.Keys.Max(k => k.Made) is { } newest && newest >= time.GetUtcNow() ? newest.AddSeconds(1) : time.GetUtcNow();
            var key = ClusterKey.New(made);
            ApplyHere(new(held.Ids, [.. held.Ids, key.Id], key.Secret, key.Made));
        }
        var target = await FinishAsync(without, cancel);
        audit.Add(Action, "asked every member what it holds", $"done: {target} is the only key of {members.Count} members");
        var again = fresh ? "" : " That was the end of an earlier rotation: run it again if you want a new key.";
        return Results.Ok(new OperatorAnswer(true,
            $"The cluster's key is {target} now. Copy the key file of a member to wherever else you keep one (other machines with the CLI, backups).{again}", steps));
    }

    /// <returns>The name of the key that is left.</returns>
    private async Task<string> FinishAsync(IReadOnlyList<string> without, CancellationToken cancel)
    {
        var (since, last) = (time.GetTimestamp(), "");
        while (true)
        {
            var members = await MembersAsync(without, cancel);
            var move = KeyPlan.Next(members.Keys.ToList());
            if (move.Step == KeyStep.Done) return move.Target;
            var state = $"{move.Step} {string.Join(' ', move.Behind.Select(m => m.Node))}";
            if (state != last) (since, last) = (time.GetTimestamp(), state);
            if (time.GetElapsedTime(since) > StepTakes)
            {
                throw new StoppedException($"The step {move.Step} waits for {string.Join(", ", move.Behind.Select(m => m.Node))}: "
                    + $"{string.Join("; ", move.Behind.Select(m => $"{m.Node}'s daemon holds {string.Join(' ', m.Ids)}, its board {(m.Board is null ? "is down" : string.Join(' ', m.Board))}"))}.");
            }
            if (move.Step == KeyStep.Remove) await SealCookieKeysAsync(move.Target, members.Keys, cancel);
            foreach (var behind in move.Behind)
            {
                var order = KeyPlan.After(move.Step, move.Target, behind.Ids);
                if (!order.SequenceEqual(behind.Ids)) await ApplyAsync(members[behind], behind, order, move, cancel);
            }
            await Task.Delay(LookEvery, time, cancel);
        }
    }

    private async Task ApplyAsync(Member member, KeyReport behind, IReadOnlyList<string> order, KeyMove move, CancellationToken cancel)
    {
        var key = keeper.Find(move.Target) ?? await FetchAsync(move.Target, cancel);
        var lacks = !behind.Ids.Contains(key.Id);
        var change = new KeyChange(behind.Ids, order, lacks ? key.Secret : null, lacks ? key.Made : null);
        if (member.Name == settings.Name) ApplyHere(change);
        // What it did is seen by the next look, whatever became of the answer.
        else await client.PostAsync<KeyReport>(member.Facts.DaemonUrl, "/v1/keys", new SealedBody(keeper.Seal(change)), AnswerTakes, cancel);
    }

    private void ApplyHere(KeyChange change)
    {
        try
        {
            keeper.Apply(change);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SettingsException)
        {
            throw new StoppedException($"{settings.Name} cannot change its key file: {e.Message}");
        }
    }

    /// <summary>Another member began this rotation and did not get as far as this node.</summary>
    private async Task<ClusterKey> FetchAsync(string id, CancellationToken cancel)
    {
        foreach (var member in membership.Current.Members.Where(m => m.Liveness == Liveness.Alive && m.Name != settings.Name))
        {
            var answer = await client.PostAsync<SealedBody>(member.Facts.DaemonUrl, "/v1/keys/share", new KeyName(id), AnswerTakes, cancel);
            if (answer is not null && keeper.Shared(answer.Sealed) is { } key && key.Id == id) return key;
        }
        throw new StoppedException($"Nobody who answers holds the key {id} any more.");
    }

    /// <param name="target">Seals.</param>
    /// <param name="members">With the keys that one of them still has, what is sealed is opened: this node may have removed some of them already.</param>
    /// <param name="cancel">Gives up.</param>
    private async Task SealCookieKeysAsync(string target, IEnumerable<KeyReport> members, CancellationToken cancel)
    {
        var keys = keeper.Current.Keys.ToList();
        foreach (var id in members.SelectMany(m => m.Ids).Distinct().Except(keys.Select(k => k.Id)).ToList()) keys.Add(await FetchAsync(id, cancel));
        try
        {
            if (await cookies.RunAsync(keeper.Find(target)!, keys, cancel) is { } fault) throw new StoppedException($"{fault}.");
        }
        catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
        {
            throw new StoppedException($"The keys for cookies could not be sealed with the new key: {e.Message}.");
        }
    }

    /// <summary>Everybody who belongs to the ring, with what they hold.</summary>
    /// <exception cref="StoppedException">Somebody cannot be asked, or cannot change its file.</exception>
    private async Task<Dictionary<KeyReport, Member>> MembersAsync(IReadOnlyList<string> without, CancellationToken cancel)
    {
        var belong = membership.Current.Members.Where(m => m.Liveness != Liveness.Left).ToList();
        foreach (var name in without)
        {
            var liveness = belong.FirstOrDefault(m => m.Name == name)?.Liveness ?? throw new StoppedException($"There is no member '{name}' to leave out.");
            if (liveness != Liveness.Unreachable) throw new StoppedException($"{name} is not unreachable: left out, it would be cut off.");
        }
        var asked = belong.Where(m => !without.Contains(m.Name)).ToList();
        if (asked.Where(m => m.Liveness != Liveness.Alive).Select(m => m.Name).ToList() is { Count: > 0 } silent)
        {
            throw new StoppedException($"{string.Join(", ", silent)} cannot be reached and would be cut off. Bring it back, or leave it out with "
                + $"{string.Join(' ', silent.Select(s => $"--without {s}"))} and give it the key by hand.");
        }
        var reports = await Task.WhenAll(asked.Select(async member => (member, report: member.Name == settings.Name
            ? keeper.Report() : await client.GetAsync<KeyReport>(member.Facts.DaemonUrl, "/v1/keys", AnswerTakes, cancel))));
        foreach (var (member, report) in reports)
        {
            if (report is not { Keys.Count: > 0 }) throw new StoppedException($"The daemon of {member.Name} does not say which keys it holds; is it of this version?");
            if (report.Fault is { } fault) throw new StoppedException($"{member.Name}: {fault}.");
        }
        return reports.ToDictionary(r => r.report!, r => r.member, ReferenceEqualityComparer.Instance as IEqualityComparer<KeyReport>);
    }

    private static IResult Refuse(string why) => Results.Problem(why, statusCode: 409);

    /// <summary>Why it does not go on; every member is as understandable as before.</summary>
    private sealed class StoppedException(string message) : Exception(message);
}

/// <summary>Something sealed, in a JSON body.</summary>
public sealed record SealedBody(byte[] Sealed);

/// <summary>Which key is meant.</summary>
public sealed record KeyName(string Id);
