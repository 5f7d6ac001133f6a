using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis.Faults;

/// <summary>A node's disk runs full.</summary>
/// <param name="leave">Bytes left free; 0 takes the very last one.</param>
public sealed class FullDisk(string node, long leave) : Fault
{
    private string Ballast(Stage stage) => Path.Combine(stage.Ring[node].Folder, "ballast");

    public override string Story => $"the disk of {node} is filled up to {(leave == 0 ? "the last byte" : $"{leave >> 20} MiB")} for {Shown(Hold)}";

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        var room = new DriveInfo(stage.Ring[node].Folder).AvailableFreeSpace - leave - (1 << 20);
        if (room > 0) await Disks.RunAsync("fallocate", cancel, "--length", $"{room}", Ballast(stage));
        if (leave > 0) return;
        try
        {
            using var last = new FileStream(Ballast(stage), FileMode.Append);
            while (true)
            {
                last.Write(new byte[4096]);
                last.Flush();
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel)
    {
        File.Delete(Ballast(stage));
        return stage.StartAsync(node, cancel); // a server may have ended itself
    }
}

/// <summary>A node loses its data folder, and is started again without one.</summary>
public sealed class DeletedData(string node, params string[] parts) : Fault
{
    public override string Story => $"kill -9 {string.Join(", ", parts)} of {node}, its data folder is deleted; started again after {Shown(Hold)}";

    public override bool LosesDisk => true;

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        await stage.KillAsync(node, cancel, parts);
        Directory.Delete(stage.DataOf(node), recursive: true);
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.StartAndWaitAsync(node, cancel);
}

/// <summary>While a node is away the others throw their binary logs away.</summary>
public sealed class PurgedLogs(string node) : Fault
{
    public override string Story => $"{node} is away for {Shown(Hold)}; all others purge every binary log but the newest meanwhile";

    public override Task BeginAsync(Stage stage, CancellationToken cancel) => stage.KillAsync(node, cancel);

    public override async Task LastAsync(Stage stage, CancellationToken cancel)
    {
        await Task.Delay(Hold, cancel);
        foreach (var other in stage.Ring.Nodes.Select(n => n.Name).Where(n => n != node)) await stage.PurgeAsync(other, cancel);
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.ReturnAsync(node, cancel);
}

/// <summary>The newest relay log of a server is damaged while it does not run.</summary>
/// <param name="waiting">The applier is stopped for a moment before, so that the damaged log holds what nobody has applied yet.</param>
public sealed class CorruptRelayLog(string node, bool waiting, KillSignal signal, int seed) : Fault
{
    public override string Story => $"mysqld of {node} ends by SIG{signal.ToString().ToUpperInvariant()}{(waiting ? " while its applier is stopped" : "")}, bytes in the middle of its newest relay log are overwritten; started again after {Shown(Hold)}";

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        if (waiting)
        {
            await stage.SqlAsync(node, cancel, stage.MariaDb ? "STOP SLAVE SQL_THREAD" : "STOP REPLICA SQL_THREAD");
            await Task.Delay(TimeSpan.FromSeconds(1), cancel);
        }
        await stage.SignalAsync(node, signal, cancel, "mysql");
        var log = Directory.EnumerateFiles(stage.DataOf(node), "relay.0*").Max() ?? throw new MeasurementException($"{node} has no relay log.");
        using var file = new FileStream(log, FileMode.Open);
        var bytes = new byte[(int)Math.Clamp(file.Length / 8, 16, 4096)];
        new Random(seed).NextBytes(bytes);
        file.Position = file.Length / 2;
        file.Write(bytes);
        stage.Note($"{Path.GetFileName(log)}: {bytes.Length} bytes at {file.Length / 2}");
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.StartAsync(node, cancel);
}

/// <summary>A server is started with the server_id of another member; later with its own again.</summary>
public sealed class DuplicateServerId(string node, string other) : Fault
{
    private string _theirs = "";

    private string OptionFile(Stage stage) => Path.Combine(stage.Ring[node].Folder, "my.cnf");

    public override string Story => $"the server of {node} runs with the server_id of {other} for {Shown(Hold)}";

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        _theirs = $"server_id = {(await stage.ColumnAsync(other, "SELECT @@server_id", cancel))[0]}";
        await stage.SignalAsync(node, KillSignal.Term, cancel, "mysql");
        File.Copy(OptionFile(stage), OptionFile(stage) + ".own", overwrite: true);
        File.WriteAllLines(OptionFile(stage), File.ReadAllLines(OptionFile(stage)).Select(l => l.StartsWith("server_id", StringComparison.Ordinal) ? _theirs : l));
        await stage.StartAsync(node, cancel);
    }

    public override async Task MendAsync(Stage stage, CancellationToken cancel)
    {
        if (File.ReadAllLines(OptionFile(stage)).Contains(_theirs))
        {
            await stage.SignalAsync(node, KillSignal.Term, cancel, "mysql");
            File.Move(OptionFile(stage) + ".own", OptionFile(stage), overwrite: true);
        }
        else
        {
            // Its daemon has given it a new identity meanwhile: the former one is retired, and must not come back.
            stage.Note($"{node} has got a server_id of its own by itself");
            File.Delete(OptionFile(stage) + ".own");
        }
        await stage.ReturnAsync(node, cancel);
    }
}

/// <summary>A server comes back with an old copy of its data, under the identity under which it has written since.</summary>
/// <param name="since">From the copy to the crash.</param>
/// <param name="parts">What dies.</param>
public sealed class OldBackup(string node, TimeSpan since, params string[] parts) : Fault
{
    public override string Story => $"kill -9 {string.Join(", ", parts)} of {node}, its data is replaced by a copy that is {Shown(since)} old; started again after {Shown(Hold)}";

    public override bool LosesDisk => true;

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        var (data, backup) = (stage.DataOf(node), stage.DataOf(node) + ".backup");
        await stage.SignalAsync(node, KillSignal.Term, cancel, "mysql");
        if (Directory.Exists(backup)) Directory.Delete(backup, recursive: true);
        await Disks.RunAsync("cp", cancel, "--archive", data, backup);
        await stage.StartAndWaitAsync(node, cancel);
        await Task.Delay(since, cancel);
        await stage.KillAsync(node, cancel, parts);
        Directory.Delete(data, recursive: true);
        Directory.Move(backup, data);
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.ReturnAsync(node, cancel);
}
