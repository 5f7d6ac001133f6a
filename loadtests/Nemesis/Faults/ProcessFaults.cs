using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis.Faults;

/// <summary>Processes of a node die at once (kill -9), and are started again.</summary>
public sealed class KilledProcesses(string node, params string[] parts) : Fault
{
    public override string Story => $"kill -9 {string.Join(", ", parts)} of {node}; started again after {Shown(Hold)}";

    public override Task BeginAsync(Stage stage, CancellationToken cancel) => stage.KillAsync(node, cancel, parts);

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.StartAsync(node, cancel);
}

/// <summary>Processes of a node freeze, and wake as if nothing had been.</summary>
public sealed class FrozenProcesses(string node, params string[] parts) : Fault
{
    public override string Story => $"SIGSTOP {string.Join(", ", parts)} of {node} for {Shown(Hold)}";

    public override Task BeginAsync(Stage stage, CancellationToken cancel) => stage.SignalAsync(node, KillSignal.Stop, cancel, parts);

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.SignalAsync(node, KillSignal.Continue, cancel, parts);
}

/// <summary>A server dies again and again, a second or two after it was started.</summary>
public sealed class FlappingServer(string node, IReadOnlyList<(TimeSpan Down, TimeSpan Up)> flaps) : Fault
{
    public override string Story => $"mysqld of {node} is killed and started {flaps.Count} times: {string.Join(", ", flaps.Select(f => $"{Shown(f.Down)} down, {Shown(f.Up)} up"))}";

    public override Task BeginAsync(Stage stage, CancellationToken cancel) => Task.CompletedTask;

    public override async Task LastAsync(Stage stage, CancellationToken cancel)
    {
        foreach (var (down, up) in flaps)
        {
            await stage.KillAsync(node, cancel, "mysql");
            await Task.Delay(down, cancel);
            await stage.StartAsync(node, cancel);
            await Task.Delay(up, cancel);
        }
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.StartAsync(node, cancel);
}

/// <summary>A server dies, and a moment later the daemon that is just turning to somebody else: between two steps of its re-point.</summary>
public sealed class CrashWhileRepointing(string predecessor, string successor, TimeSpan after) : Fault
{
    public override string Story => $"kill -9 mysqld of {predecessor}, {after.TotalMilliseconds:0} ms later the daemon of {successor}, which replicates from it; both started again after {Shown(Hold)}";

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        var (server, daemon) = (stage.Ring[predecessor].Process("mysql"), stage.Ring[successor].Process("daemon"));
        server?.Send(KillSignal.Kill);
        var due = Load.Clock.After(Load.Clock.Now, after);
        while (Load.Clock.Now < due) Thread.SpinWait(50); // a delay of the thread pool would be late by more than what is drawn
        daemon?.Send(KillSignal.Kill);
        await stage.KillAsync(predecessor, cancel, "mysql");
        await stage.KillAsync(successor, cancel, "daemon");
    }

    public override async Task MendAsync(Stage stage, CancellationToken cancel)
    {
        await stage.StartAsync(successor, cancel);
        await stage.StartAsync(predecessor, cancel);
    }
}

/// <summary>The load balancer dies.</summary>
public sealed class KilledBalancer : Fault
{
    public override string Story => $"kill -9 HAProxy; started again after {Shown(Hold)}";

    public override Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        stage.Balancer?.Send(KillSignal.Kill);
        return Task.CompletedTask;
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.StartAsync(stage.Ring.Nodes[0].Name, cancel);
}

/// <summary>The power goes: everything dies at the same moment, and is started together.</summary>
public sealed class PowerLoss : Fault
{
    public override string Story => $"kill -9 of every process of the ring; ./connect up after {Shown(Hold)}";

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        var all = stage.Ring.Nodes.SelectMany(n => Stage.Parts.Select(n.Process)).Append(stage.Balancer).OfType<RingProcess>().ToArray();
        foreach (var process in all) process.Send(KillSignal.Kill);
        await Stage.UntilAsync(() => !all.Any(p => p.IsAlive), TimeSpan.FromSeconds(30), "every process to end", cancel);
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.ConnectAsync(cancel, "up", "--detach");
}

/// <summary>The clock of a node's daemon and board is an hour off, from one start of theirs to the next.</summary>
public sealed class WrongClock(string node, TimeSpan off) : Fault
{
    public override string Story => $"the clock of {node}'s daemon and board is {off.TotalSeconds:+0;-0} s off for {Shown(Hold)}";

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        await stage.KillAsync(node, cancel, "daemon", "web");
        await stage.ConnectAsync(new Dictionary<string, string> { ["CONNECT__ClockOffsetSeconds"] = $"{off.TotalSeconds:0}" }, cancel, "start", node, "--no-wait");
    }

    public override async Task MendAsync(Stage stage, CancellationToken cancel)
    {
        await stage.KillAsync(node, cancel, "daemon", "web");
        await stage.StartAsync(node, cancel);
    }
}
