using System.Diagnostics;

namespace Connect.RingDaemon.Local;

/// <summary>What to start, and where it writes.</summary>
/// <param name="Command">Program and arguments. Never a secret: everybody can read them.</param>
/// <param name="Log">File that its output is appended to.</param>
/// <param name="Folder">The ring's folder, put into its environment as <see cref="ProcessTable.Mark"/>.</param>
public sealed record ProcessStart(IReadOnlyList<string> Command, string Log, string Folder)
{
    /// <summary>Where it runs; the ring's folder if null.</summary>
    public string? WorkingFolder { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>A process of the ring that lives on when the verb that started it has ended.</summary>
public sealed class ProcessHandle
{
    // The shell opens the log, then becomes setsid, which becomes the program: one process number from beginning to end.
    private const string Launch = """exec setsid "$@" </dev/null >>"$CONNECT_LOG" 2>&1""";

    /// <summary>A longer log is put aside (one of a name) when its program is started; a running program's grows on.</summary>
    private const long LargestLog = 16 << 20;

    private readonly ProcessFile _file;

    private ProcessHandle(ProcessFile file, ProcessIdentity identity) => (_file, Identity) = (file, identity);

    public ProcessIdentity Identity { get; }

    public bool IsAlive => Identity.IsAlive;

    /// <summary>Starts a process in a session of its own, without a terminal, and writes down who it is.</summary>
    public static ProcessHandle Start(ProcessStart what, ProcessFile file)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(what.Log)!);
        if (File.Exists(what.Log) && new FileInfo(what.Log).Length > LargestLog) File.Move(what.Log, what.Log + ".1", overwrite: true);
        var info = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = what.WorkingFolder ?? what.Folder };
        foreach (var argument in (string[])["-c", Launch, "connect", .. what.Command]) info.ArgumentList.Add(argument);
        foreach (var (name, value) in what.Environment) info.Environment[name] = value;
        info.Environment["CONNECT_LOG"] = what.Log;
        info.Environment[ProcessTable.Mark] = what.Folder;
        using var process = Process.Start(info) ?? throw new LocalRingException($"{what.Command[0]} could not be started.");
        var identity = ProcessIdentity.Of(process.Id) ?? throw new LocalRingException($"{what.Command[0]} ended at once. {LogTail.Of(what.Log)}");
        file.Write(identity);
        return new(file, identity);
    }

    /// <summary>The process a file speaks of, if it is alive.</summary>
    public static ProcessHandle? Find(ProcessFile file) => file.Running is { } running ? new(file, running) : null;

    /// <summary>Asks it to end and waits; after <paramref name="patience"/> it is killed. Returns when it is gone.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (Identity.Send(Signal.Term))
        {
            Identity.Send(Signal.Cont); // a frozen one could not even hear it
            if (!await Eventually.TrueAsync(() => !IsAlive, patience, CancellationToken.None))
            {
                Identity.Send(Signal.Kill);
                if (!await Eventually.TrueAsync(() => !IsAlive, TimeSpan.FromSeconds(5), CancellationToken.None))
                    throw new LocalRingException($"Process {Identity.Pid} does not die, not even of SIGKILL.");
            }
        }
        if (_file.Read() == Identity) File.Delete(_file.Path);
    }
}
