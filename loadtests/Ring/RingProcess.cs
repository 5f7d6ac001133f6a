using System.Runtime.InteropServices;

namespace Connect.LoadTests.Ring;

/// <summary>A signal's number on Linux.</summary>
public enum KillSignal
{
    Kill = 9,
    Term = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>A process of the ring, known by its number and the time it started, so that a later one with the same number is never hit.</summary>
public sealed record RingProcess(int Pid, ulong StartTicks)
{
    /// <summary>The process a file of <c>./connect up</c> speaks of (<c>PID START BOOT</c>); null if there is none or it has ended.</summary>
    public static RingProcess? Find(string file)
    {
        if (!File.Exists(file)) return null;
        var fields = File.ReadAllText(file).Split(' ', StringSplitOptions.TrimEntries);
        if (fields.Length < 2 || !int.TryParse(fields[0], out var pid) || !ulong.TryParse(fields[1], out var started)) return null;
        var process = new RingProcess(pid, started);
        return process.IsAlive ? process : null;
    }

    public bool IsAlive => ProcessUsage.TryRead(Pid) is { State: not ('Z' or 'X') } usage && usage.StartTicks == StartTicks;

    /// <summary>Sends a signal; nothing is looked at before, so that the clock can be read just before the system call.</summary>
    /// <returns>Whether the kernel took it.</returns>
    public bool Send(KillSignal signal) => kill(Pid, (int)signal) == 0;

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
}
