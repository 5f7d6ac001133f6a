using System.Diagnostics;

namespace Connect.LoadTests.FalseBridges;

/// <summary>Other work that keeps the cores busy: processes that count for nothing. They end with <see cref="Dispose"/>, and by themselves if this process does not come to it.</summary>
internal sealed class BusyProcesses : IDisposable
{
    private readonly List<Process> _processes = [];

    /// <param name="count">One a core saturates the machine.</param>
    /// <param name="longest">They end by themselves after that.</param>
    public BusyProcesses(int count, TimeSpan longest)
    {
        for (var i = 0; i < count; i++)
        {
            var info = new ProcessStartInfo("timeout") { UseShellExecute = false };
            foreach (var argument in (string[])["--signal=KILL", $"{Math.Ceiling(longest.TotalSeconds)}", "sh", "-c", "while :; do :; done"]) info.ArgumentList.Add(argument);
            _processes.Add(Process.Start(info)!);
        }
    }

    /// <summary>How many still run; fewer than were started means that the machine was not as busy as it should have been.</summary>
    public int Running => _processes.Count(p => !p.HasExited);

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            try
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
                process.WaitForExit(5000);
            }
            catch (InvalidOperationException)
            {
                // It has ended meanwhile.
            }
            process.Dispose();
        }
    }
}

/// <summary>How much of the machine's processor time was used, from /proc/stat.</summary>
internal sealed class ProcessorUse
{
    private readonly (long Busy, long All) _began = Read();

    /// <summary>Since this was made, 0 to 1.</summary>
    public double Share()
    {
        var now = Read();
        return now.All > _began.All ? (double)(now.Busy - _began.Busy) / (now.All - _began.All) : 0;
    }

    private static (long Busy, long All) Read()
    {
        // cpu user nice system idle iowait irq softirq steal guest guest_nice; the guests' time is in user and nice already.
        var times = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(long.Parse).ToArray();
        return (times.Sum() - times[3] - times[4], times.Sum());
    }
}
