using System.Text;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Idle;

/// <summary>What one process used while nobody used the ring.</summary>
/// <param name="CpuTicks">User and system time of all its threads, in ticks.</param>
/// <param name="CpuPercent">Of one core.</param>
/// <param name="ResidentMegabytes">VmRSS at the end (10^6 bytes).</param>
/// <param name="PeakMegabytes">VmHWM: the most it ever had, start included (10^6 bytes).</param>
/// <param name="ProportionalMegabytes">Pss: of a page that n processes share (the framework's files), each has an nth (10^6 bytes).</param>
/// <param name="PrivateMegabytes">What the machine would get back if only this process ended (10^6 bytes).</param>
public sealed record IdleUse(
    string Node, string Part, int Pid, long CpuTicks, double CpuPercent, double ResidentMegabytes, double PeakMegabytes, double ProportionalMegabytes, double PrivateMegabytes);

/// <summary>The cost of a ring that only exists.</summary>
public sealed record IdleNumbers(double SettledSeconds, double MeasuredSeconds, long TicksPerSecond, IReadOnlyList<IdleUse> Processes)
{
    private IEnumerable<IdleUse> Daemons => Processes.Where(p => p.Part == "daemon");

    /// <summary>Of the worst daemon, not of the average one.</summary>
    public IReadOnlyList<Verdict> Verdicts =>
    [
        new("processor time of a daemon, % of a core (the worst)", 1, Daemons.Any() ? Daemons.Max(d => d.CpuPercent) : null),
        new("resident memory of a daemon, MB (the worst)", 80, Daemons.Any() ? Daemons.Max(d => d.ResidentMegabytes) : null),
    ];

    public string Body()
    {
        var page = new StringBuilder($"A ring that nobody uses: {SettledSeconds:0} s to settle, then {MeasuredSeconds:0.0} s measured. One tick is {1000 / TicksPerSecond} ms.\n\n");
        page.Append("| node | process | % of a core | ticks | MB resident | at the peak | proportional | private |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (var p in Processes)
        {
            page.Append($"| {p.Node} | {p.Part} | {p.CpuPercent:0.00} | {p.CpuTicks} | {p.ResidentMegabytes:0.0} | {p.PeakMegabytes:0.0} "
                + $"| {p.ProportionalMegabytes:0.0} | {p.PrivateMegabytes:0.0} |\n");
        }
        page.Append("\nResident counts the framework's files in full in each of the six .NET processes; proportional (Pss) shares them out; private is what ends with the process.\n");
        return page.ToString();
    }
}

/// <summary>Reads /proc before and after.</summary>
public static class IdleRun
{
    private static readonly string[] Parts = ["daemon", "web", "mysql"];

    public static async Task<IdleNumbers> RunAsync(RingUnderTest ring, TimeSpan settle, TimeSpan measure, CancellationToken cancel)
    {
        using (var daemons = new DaemonApi(ring)) await daemons.HealthyAsync(TimeSpan.FromSeconds(60), cancel);
        await Task.Delay(settle, cancel);
        var processes = ring.Nodes.SelectMany(n => Parts.Select(part => (n.Name, Part: part, Process: n.Process(part))))
            .Select(p => (p.Name, p.Part, p.Process?.Pid, Before: p.Process is { } process ? ProcessUsage.TryRead(process.Pid) : null)).ToArray();
        var began = Clock.Now;
        await Task.Delay(measure, cancel);
        var seconds = Clock.Milliseconds(began, Clock.Now) / 1000;
        var uses = new List<IdleUse>();
        foreach (var (name, part, pid, before) in processes)
        {
            if (pid is null || before is null || ProcessUsage.TryRead(pid.Value) is not { } after || after.StartTicks != before.StartTicks)
                throw new MeasurementException($"{part} of {name} did not run all the time.");
            var ticks = after.CpuTicks - before.CpuTicks;
            uses.Add(new(name, part, pid.Value, ticks, 100.0 * ticks / ProcessUsage.TicksPerSecond / seconds,
                Megabytes(pid.Value, "status", "VmRSS"), Megabytes(pid.Value, "status", "VmHWM"), Megabytes(pid.Value, "smaps_rollup", "Pss"),
                Megabytes(pid.Value, "smaps_rollup", "Private_Clean") + Megabytes(pid.Value, "smaps_rollup", "Private_Dirty")));
        }
        return new(settle.TotalSeconds, seconds, ProcessUsage.TicksPerSecond, uses);
    }

    private static double Megabytes(int pid, string file, string line) => ProcessUsage.KilobytesOf(pid, file, line) * 1024 / 1e6;
}
