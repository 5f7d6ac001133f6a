using Connect.LoadTests.Load;
using Connect.LoadTests.Ring;
using Connect.Node.Database;
using Dapper;

namespace Connect.LoadTests.Nemesis;

/// <summary>What faults work with: the ring, its wires, and the few things they all do to it.</summary>
public sealed class Stage(string folder, TextWriter progress)
{
    public static readonly IReadOnlyList<string> Parts = ["mysql", "daemon", "web"];

    /// <summary>
    /// What the ring's programs are told on top of their settings: faults come quickly one after the other, and a member that failed ten times in ten minutes
    /// would otherwise be left out for five minutes.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> Environment = new Dictionary<string, string> { ["CONNECT__Daemon__LongestHoldDownSeconds"] = "5" };

    private static readonly Dictionary<string, string> NoMore = [];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan AloneAtTheMost = TimeSpan.FromSeconds(150); // a busy machine takes a minute where a free one takes ten seconds, and an operator who is too early makes faults of his own
    private static readonly TimeSpan OthersNotice = TimeSpan.FromSeconds(6); // while they believe the old one alive they refuse the new one
    private static readonly TimeSpan LogsAreLeft = TimeSpan.FromMilliseconds(700);
    private const int BinaryLogsKept = 7 * 24 * 3600;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>As the folder says now: a node that comes back with new data has another server id.</summary>
    public RingUnderTest Ring => RingUnderTest.Open(folder);

    public string Folder => folder;

    public Wires Wires { get; } = new(RingUnderTest.Open(folder));

    /// <summary>Said to whoever looks on, and kept in the report.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>HAProxy's process; null if it does not run.</summary>
    public RingProcess? Balancer => RingProcess.Find(Path.Combine(folder, "haproxy", "haproxy.pid"));

    public string DataOf(string node) => Ring[node].Settings.Resolve(Ring[node].Settings.Database.DataFolder ?? "data");

    public bool MariaDb => Ring.Nodes[0].Settings.Database.Engine == Connect.Node.Settings.Engine.MariaDB;

    public void Note(string what)
    {
        Notes.Add(what);
        progress.WriteLine($"    {what}");
    }

    /// <summary>Sends a signal to parts of a node, all of them before anything is waited for; returns when those killed are gone.</summary>
    public async Task SignalAsync(string node, KillSignal signal, CancellationToken cancel, params string[] parts)
    {
        var hit = parts.Select(part => Ring[node].Process(part)).OfType<RingProcess>().ToArray();
        foreach (var process in hit) process.Send(signal);
        if (signal is not (KillSignal.Kill or KillSignal.Term)) return;
        await UntilAsync(() => !hit.Any(p => p.IsAlive), Patience, $"{string.Join(", ", parts)} of {node} to end", cancel);
    }

    public Task KillAsync(string node, CancellationToken cancel, params string[] parts) => SignalAsync(node, KillSignal.Kill, cancel, parts.Length > 0 ? parts : [.. Parts]);

    /// <summary>Starts what does not run of a node and wakes what is frozen; does not wait for it to be alive.</summary>
    public Task StartAsync(string node, CancellationToken cancel) => ConnectAsync(cancel, "start", node, "--no-wait");

    /// <summary>The same, and waits as an operator would. It also supervises a server that ends because it was cloned.</summary>
    public Task StartAndWaitAsync(string node, CancellationToken cancel) => ConnectAsync(cancel, "start", node, "--wait", $"{StartPatience.TotalSeconds - 10:0}");

    public Task ConnectAsync(CancellationToken cancel, params string[] arguments) => ConnectAsync(NoMore, cancel, arguments);

    public Task ConnectAsync(IReadOnlyDictionary<string, string> environment, CancellationToken cancel, params string[] arguments) =>
        ConnectCommand.RunAsync(StartPatience, environment.Concat(Environment).ToDictionary(), cancel, [.. arguments, "--data", folder]);

    /// <summary>Runs statements on a node's own server with its daemon's account.</summary>
    public async Task SqlAsync(string node, CancellationToken cancel, params string[] statements)
    {
        using var database = Ring[node].OpenDatabase(accounts => accounts.Daemon, driverSeconds: 20);
        await database.RunAsync(connection =>
        {
            foreach (var statement in statements) connection.Execute(statement);
            return 0;
        }, Patience, cancel);
    }

    public async Task<IReadOnlyList<string>> ColumnAsync(string node, string query, CancellationToken cancel)
    {
        using var database = Ring[node].OpenDatabase(accounts => accounts.Daemon, driverSeconds: 20);
        return await database.RunAsync(connection => connection.Query<string>(query).AsList(), Patience, cancel);
    }

    /// <summary>Every binary log but the newest is thrown away, as an operator does who needs room.</summary>
    public async Task PurgeAsync(string node, CancellationToken cancel)
    {
        if (MariaDb)
        {
            await SqlAsync(node, cancel, "FLUSH BINARY LOGS");
            await Task.Delay(LogsAreLeft, cancel); // whoever reads a log keeps it
            await SqlAsync(node, cancel, $"PURGE BINARY LOGS TO '{(await ColumnAsync(node, "SHOW BINARY LOGS", cancel))[^1]}'");
        }
        else
        {
            // Nobody in the ring may purge at will on MySQL; but logs go when they are old.
            await SqlAsync(node, cancel, "FLUSH BINARY LOGS", "SET GLOBAL binlog_expire_logs_seconds = 1");
            await Task.Delay(TimeSpan.FromSeconds(2), cancel);
            var kept = (await ColumnAsync(node, "SELECT @@global.binlog_expire_logs_seconds", cancel))[0];
            await SqlAsync(node, cancel, "FLUSH BINARY LOGS", $"SET GLOBAL binlog_expire_logs_seconds = {BinaryLogsKept}");
            if (kept != "1") throw new MeasurementException($"{node} does not take another binlog_expire_logs_seconds.");
        }
        Note($"{node} has {string.Join(", ", await ColumnAsync(node, "SHOW BINARY LOGS", cancel))}");
    }

    /// <summary>
    /// Starts a node that cannot simply go on, and gives the ring the time to mend it by itself. If it does not, the operator's procedure for lost data is carried
    /// out (docs/operations.md), and noted.
    /// </summary>
    public async Task ReturnAsync(string node, CancellationToken cancel)
    {
        await StartAsync(node, cancel);
        using var daemons = new DaemonApi(Ring);
        try
        {
            await daemons.HealthyAsync(AloneAtTheMost, cancel);
        }
        catch (MeasurementException e)
        {
            Note($"not mended by itself: {e.Message}");
            ByOperator = true;
            await KillAsync(node, cancel);
            Directory.Delete(DataOf(node), recursive: true);
            await Task.Delay(OthersNotice, cancel);
            await StartAndWaitAsync(node, cancel);
        }
    }

    /// <summary>Somebody had to help beyond starting what was stopped.</summary>
    public bool ByOperator { get; private set; }

    /// <exception cref="MeasurementException">It did not come.</exception>
    public static async Task UntilAsync(Func<bool> condition, TimeSpan patience, string what, CancellationToken cancel)
    {
        var deadline = Clock.After(Clock.Now, patience);
        while (!condition())
        {
            if (Clock.Now > deadline) throw new MeasurementException($"Waited {patience.TotalSeconds:0} s in vain for {what}.");
            await Task.Delay(Look, cancel);
        }
    }
}
