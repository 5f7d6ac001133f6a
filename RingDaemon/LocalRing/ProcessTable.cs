using System.Text;

namespace Connect.RingDaemon.Local;

/// <summary>What /proc says about processes.</summary>
internal static class ProcessTable
{
    /// <summary>Set in the environment of every process of a ring to the ring's folder: so that none is ever overlooked, and no other one touched.</summary>
    public const string Mark = "CONNECT_RING_FOLDER";

    public static IEnumerable<int> Pids() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!));

    /// <summary>State letter and start time (clock ticks since boot) of a process; null if there is none.</summary>
    public static (char State, ulong StartTicks)? Stat(int pid)
    {
        try
        {
            // The name in parentheses may hold spaces and parentheses: count fields after the last one.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], ulong.Parse(fields[19]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Every living process that carries the mark of <paramref name="folder"/>.</summary>
    public static IEnumerable<ProcessIdentity> Marked(string folder)
    {
        var wanted = Encoding.UTF8.GetBytes($"{Mark}={folder}\0");
        foreach (var pid in Pids())
        {
            if (pid == Environment.ProcessId || ProcessIdentity.Of(pid) is not { IsAlive: true } process) continue;
            byte[] environment;
            try
            {
                environment = File.ReadAllBytes($"/proc/{pid}/environ");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }
            var at = environment.AsSpan().IndexOf(wanted);
            if (at == 0 || (at > 0 && environment[at - 1] == 0)) yield return process;
        }
    }
}
