using System.Runtime.InteropServices;

namespace Connect.LoadTests.Ring;

/// <summary>What /proc says a process has used.</summary>
/// <param name="State">R, S, D, T, Z, ...</param>
/// <param name="CpuTicks">User and system time, in ticks of <see cref="TicksPerSecond"/>, of all its threads.</param>
/// <param name="StartTicks">When it started, ticks since boot.</param>
public sealed record ProcessUsage(char State, long CpuTicks, ulong StartTicks)
{
    private const int ClockTicks = 2; // _SC_CLK_TCK

    public static long TicksPerSecond { get; } = sysconf(ClockTicks) is > 0 and var ticks ? ticks : 100;

    /// <summary>Null if there is no such process.</summary>
    public static ProcessUsage? TryRead(int pid)
    {
        try
        {
            return Parse(File.ReadAllText($"/proc/{pid}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads a line of /proc/PID/stat. The name in parentheses may hold spaces and parentheses: fields are counted after the last one.</summary>
    public static ProcessUsage Parse(string stat)
    {
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new(fields[0][0], long.Parse(fields[11]) + long.Parse(fields[12]), ulong.Parse(fields[19]));
    }

    /// <summary>A line in kB of /proc/PID/status, like VmRSS (resident now) or VmHWM (its peak), or of smaps_rollup; 0 if there is none.</summary>
    public static long KilobytesOf(int pid, string file, string line)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/{file}").FirstOrDefault(l => l.StartsWith(line + ":", StringComparison.Ordinal)) is { } found
                ? long.Parse(found[(line.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim()) : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long sysconf(int name);
}
