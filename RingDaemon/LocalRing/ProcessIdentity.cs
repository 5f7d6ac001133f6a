using System.Runtime.InteropServices;

namespace Connect.RingDaemon.Local;

/// <summary>Signals of a local ring.</summary>
public enum Signal
{
    /// <summary>Dies at once, nothing is tidied up: a crash.</summary>
    Kill = 9,

    /// <summary>Asked to end in order.</summary>
    Term = 15,

    /// <summary>Goes on after <see cref="Stop"/>.</summary>
    Cont = 18,

    /// <summary>Freezes: alive for the kernel, silent for everybody else.</summary>
    Stop = 19,
}

/// <summary>
/// A process that cannot be mistaken for a later one with the same number: a number together with the time it started and the boot it belongs to.
/// </summary>
public sealed record ProcessIdentity(int Pid, ulong StartTicks, string Boot)
{
    private static readonly string ThisBoot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>The process that has the number now; null if there is none.</summary>
    public static ProcessIdentity? Of(int pid) => ProcessTable.Stat(pid) is { } stat ? new(pid, stat.StartTicks, ThisBoot) : null;

    /// <summary>It runs, or is stopped; a zombie (dead, not yet waited for) does not count.</summary>
    public bool IsAlive => State is not (null or 'Z' or 'X');

    /// <summary>It was frozen by <see cref="Signal.Stop"/>.</summary>
    public bool IsStopped => State is 'T';

    private char? State => Boot == ThisBoot && ProcessTable.Stat(Pid) is { } stat && stat.StartTicks == StartTicks ? stat.State : null;

    /// <summary>Sends a signal, unless the process has ended.</summary>
    /// <returns>Whether there was a process to send it to.</returns>
    /// <exception cref="LocalRingException">The process belongs to someone else.</exception>
    public bool Send(Signal signal)
    {
        if (!IsAlive) return false;
        if (kill(Pid, (int)signal) == 0) return true;
        const int NoSuchProcess = 3;
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? false : throw new LocalRingException($"Process {Pid} does not take signals from this user (error {error}).");
    }

    public override string ToString() => $"{Pid} {StartTicks} {Boot}";

    /// <summary>Reads what <see cref="ToString"/> wrote; null if it is something else.</summary>
    public static ProcessIdentity? Parse(string text)
    {
        var fields = text.Trim().Split(' ');
        return fields.Length == 3 && int.TryParse(fields[0], out var pid) && ulong.TryParse(fields[1], out var start) ? new(pid, start, fields[2]) : null;
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
}
