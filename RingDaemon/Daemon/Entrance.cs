using System.Text.Json;
using Connect.Node.Database;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// How a node gets into the ring. A founder and a node that holds the ring's data walk in. Anybody else asks one member, which judges it
/// (<see cref="Admission"/>); it then copies the data of a serving member and walks in. Until it is let in, nothing is changed anywhere.
/// </summary>
public sealed partial class Entrance(
    NodeSettings settings, DatabaseAccounts accounts, OwnServerWatch own, IMembership membership, RingAgent agent, StateFile<ServerMemory> memory, IMendingNote unfinished, OperatorWishes wishes, IClusterKeys keys, AuditLog audit,
    HttpClient http, TimeProvider time,
    ILogger<Entrance> log) : BackgroundService
{
    private const int LargestBody = 64 << 10;

    private static readonly TimeSpan AnyClock = TimeSpan.FromDays(3650);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(3);

    /// <summary>A ring's worth of data over a slow link.</summary>
    private static readonly TimeSpan SeedTakes = TimeSpan.FromHours(6);

    // Two purposes, so that a captured question can never be played back as an answer. A newcomer whose clock is wrong must be opened to be told so:
    // Admission judges the clock, and asking changes nothing.
    private readonly SealedPackets _questions = new(keys, settings.Cluster, "join", LargestBody, time) { Tolerance = AnyClock };
    private readonly SealedPackets _answers = new(keys, settings.Cluster, "join-answer", LargestBody, time) { Tolerance = AnyClock };

    /// <summary>A server that is up and still empty so long after a clone was not cloned.</summary>
    private static readonly TimeSpan RestartTakes = TimeSpan.FromSeconds(60);

    /// <summary>Why this node was not let in, with the next step; null if it was, or is still waiting.</summary>
    public string? Refusal { get; private set; }

    /// <summary>It is in: from here on the agent says what the node does.</summary>
    public bool Entered { get; private set; }

    /// <summary>What it is doing, in words.</summary>
    public string Doing { get; private set; } = "waiting for its own MySQL";

    /// <summary>A newcomer's sealed question, answered sealed; null if it cannot be opened.</summary>
    public async Task<byte[]?> AnswerAsync(byte[] body, CancellationToken cancel)
    {
        if (!_questions.TryOpen(body, out var opened)) return null;
        JoinReply reply;
        try
        {
            var request = JsonSerializer.Deserialize<JoinRequest>(opened, Json)!;
            var view = membership.Current;
            var ringId = (await BelongingAsync(cancel)).RingId?.ToString();
            reply = Judge(request, view, ringId, await own.Server.PositionAsync(cancel));
            if (reply.NotNow is null)
                audit.Add($"let {request.Name} in", $"server id {request.ServerId}, origin {request.Origin}, {request.EngineVersion}", reply.Refusal is { } no ? $"refused: {no}" : "welcome");
        }
        catch (Exception e) when (e is JsonException or DatabaseUnavailableException or System.Data.Common.DbException)
        {
            reply = new(null, $"{settings.Name} cannot judge it now: {e.Message}", null, null);
        }
        return _answers.Seal(JsonSerializer.SerializeToUtf8Bytes(reply, Json));
    }

    private JoinReply Judge(JoinRequest request, View view, string? ringId, GtidSet executed)
    {
        if (view.Find(settings.Name) is not { } me) return new(null, $"{settings.Name} is not in the ring itself yet", null, null);
        // A newcomer let in on the smaller side would make it the larger one.
        if (settings.Minority == MinorityPolicy.ReadOnly && agent.Report.Quorum is { Holds: false } few) return new(null, $"{settings.Name} lets nobody in for now: {few}, fewer than a majority", ringId, null);
        if (Admission.Refuse(request, view, me.Facts, ringId, time.GetUtcNow(), executed) is { } refusal) return new(refusal, null, ringId, null);
        var donor = view.Members.FirstOrDefault(m => m is { Liveness: Liveness.Alive, Facts: { Phase: Phase.Serving, MysqlUp: true } } && m.Name != request.Name);
        return donor is null || ringId is null
            ? new(null, "no member serves yet", ringId, null)
            : new(null, null, ringId, donor.Facts);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await EnterAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping before it was in.
        }
    }

    private async Task EnterAsync(CancellationToken stop)
    {
        if (wishes.Current.HasLeft)
        {
            Doing = "it has left the ring for good; it comes back only as a new node (docs/operations.md, leave)";
            return;
        }
        await OwnServerUpAsync(stop);
        var belonging = await BelongingAsync(stop);
        if (belonging.Ownership == Ownership.Foreign && settings.Daemon.Founder)
        {
            Refusal = $"{belonging.What} A ring is founded on empty servers: save that data and give the node an empty one.";
            Doing = $"refused: {Refusal}";
            Log.Refused(log, settings.Name, Refusal);
            return;
        }
        if (belonging.Ownership != Ownership.Ring && !settings.Daemon.Founder)
        {
            Doing = "asking to be let in";
            if (await AskAsync(belonging, stop) is not { Refusal: null } welcome) return;
            if (belonging.Ownership == Ownership.Empty)
            {
                // It is let in as who it is now, also in the place of one whose data is gone.
                memory.Write(memory.Current?.Next(own.Identity!) ?? ServerMemory.First(own.Identity!));
                unfinished.Write(null); // what was being put right is gone, with the disk it was on
                await SeedAsync(welcome.Donor!, stop);
            }
        }
        Entered = true;
        Doing = "in";
        agent.Enter();
    }

    private async Task OwnServerUpAsync(CancellationToken stop)
    {
        while (own.Identity is null || own.Fault is not null) await Task.Delay(LookEvery, time, stop);
    }

    /// <summary>Asks the members it was told of, one after the other, until one answers. A refusal is final: it needs an operator.</summary>
    private async Task<JoinReply?> AskAsync(Belonging belonging, CancellationToken stop)
    {
        var identity = own.Identity!;
        while (true)
        {
            string? notNow = null;
            foreach (var member in settings.Daemon.Join.Where(url => url != settings.Daemon.Url))
            {
                var request = new JoinRequest(settings.Name, identity.Engine, identity.Version, identity.ServerId, identity.Origin, settings.Daemon.Url, time.GetUtcNow(),
                    belonging.RingId?.ToString(), belonging.Ownership == Ownership.Foreign ? belonging.What : null);
                var (reply, fault) = await AskMemberAsync(member, request, stop);
                if (reply is { Refusal: null, NotNow: null }) return reply;
                notNow = reply?.NotNow ?? notNow;
                var refusal = reply?.Refusal ?? fault;
                if (refusal is null) continue;
                Refusal = refusal;
                Doing = $"refused: {refusal}";
                audit.Add("join", $"asked {member}", $"refused: {refusal}");
                Log.Refused(log, member, refusal);
                return null;
            }
            Doing = settings.Daemon.Join.Length == 0
                ? "it is neither a founder nor was it told of any member: set daemon:join to the address of one"
                : $"{notNow ?? $"none of {string.Join(", ", settings.Daemon.Join)} answers"}; asking again";
            await Task.Delay(AskAgain, time, stop);
        }
    }

    private async Task<(JoinReply? Reply, string? Fault)> AskMemberAsync(string member, JoinRequest request, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(Answer);
        try
        {
            using var content = new ByteArrayContent(_questions.Seal(JsonSerializer.SerializeToUtf8Bytes(request, Json)));
            using var response = await http.PostAsync(new Uri(new Uri(member), "/v1/join"), content, deadline.Token);
            if ((int)response.StatusCode == StatusCodes.Status403Forbidden)
                return (null, $"{member} cannot open what I send: this node's key file {settings.KeyFile} or cluster name '{settings.Cluster}' is not that cluster's. Copy both from a member.");
            if (!response.IsSuccessStatusCode) return (null, null);
            var body = await response.Content.ReadAsByteArrayAsync(deadline.Token);
            return _answers.TryOpen(body, out var opened) ? (JsonSerializer.Deserialize<JoinReply>(opened, Json), null) : (null, $"the answer of {member} is not sealed with this cluster's key");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return (null, null); // the next one
        }
    }

    private async Task SeedAsync(MemberFacts donor, CancellationToken stop)
    {
        Doing = $"copying the data of {donor.Name}";
        Log.Seeding(log, donor.Name);
        var started = time.GetTimestamp();
        using var seeding = Seeding.For(settings, accounts);
        while (true)
        {
            try
            {
                var result = await seeding.SeedAsync(new(donor.MysqlHost, donor.MysqlPort), accounts.Seed, SeedTakes, stop);
                var position = result.Position;
                if (result.Outcome == SeedOutcome.RestartServer)
                {
                    Doing = "copied; its MySQL has ended itself and must be started again by whoever supervises it";
                    if (await AfterRestartAsync(seeding, stop) is not { } copied) continue;
                    position = copied;
                }
                audit.Add($"copy the data of {donor.Name}", "this node's server was empty", $"done in {time.GetElapsedTime(started).TotalSeconds:0.0} s, at [{position}]");
                return;
            }
            catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException or IOException)
            {
                Doing = $"copying the data of {donor.Name} failed and is begun anew: {e.Message}";
                Log.SeedingFailed(log, e.Message);
                await Task.Delay(AskAgain, time, stop);
            }
        }
    }

    /// <summary>Waits until the server that ended itself is back and holds the copy; null if it came back empty, which means that the copy failed.</summary>
    private async Task<GtidSet?> AfterRestartAsync(Seeding seeding, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                // The old process may still be there for a moment: then its server is empty, as it was.
                if ((await seeding.BelongingAsync(stop)).Ownership == Ownership.Ring) return await seeding.AfterRestartAsync(stop);
                if (own.Fault is null && time.GetElapsedTime(started) > RestartTakes) return null;
            }
            catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
            {
                // Not back yet.
            }
            await Task.Delay(LookEvery, time, stop);
        }
    }

    /// <summary>Asks its own server whose data it has, until it answers: it may fall silent between the look that found it well and this question.</summary>
    private async Task<Belonging> BelongingAsync(CancellationToken cancel)
    {
        using var seeding = Seeding.For(settings, accounts);
        while (true)
        {
            try
            {
                return await seeding.BelongingAsync(cancel);
            }
            catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
            {
                Doing = $"waiting for its own server: {e.Message}";
            }
            await Task.Delay(AskAgain, time, cancel);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(400, LogLevel.Error, "{Member} did not let this node in: {Refusal}")]
        public static partial void Refused(ILogger logger, string member, string refusal);

        [LoggerMessage(401, LogLevel.Information, "Copying the data of {Donor}")]
        public static partial void Seeding(ILogger logger, string donor);

        [LoggerMessage(402, LogLevel.Warning, "Copying failed: {Reason}")]
        public static partial void SeedingFailed(ILogger logger, string reason);
    }
}
