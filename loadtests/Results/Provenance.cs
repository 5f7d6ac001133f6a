using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Connect.LoadTests.Results;

/// <summary>Where a result comes from: without it a number is a rumour.</summary>
/// <param name="Command">As it was typed.</param>
/// <param name="Commit">Of the working tree, with <c>+changes</c> if files under version control differed (results and documents aside).</param>
/// <param name="At">When the measurement began, UTC.</param>
/// <param name="LoadBefore">The machine's load average of the last minute before it began: above the number of cores others were at work.</param>
public sealed record Provenance(string Command, string Commit, DateTimeOffset At, Machine Machine, double LoadBefore)
{
    /// <summary>The checkout this runs from; the current folder if there is none.</summary>
    public static string Repository { get; } = Above("Connect.sln") ?? Environment.CurrentDirectory;

    public static Provenance Now(string command)
    {
        var changes = Line("git", "-C", Repository, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs").Length > 0;
        return new(command, Line("git", "-C", Repository, "rev-parse", "HEAD") + (changes ? "+changes" : ""), DateTimeOffset.UtcNow, Machine.This(),
            double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0]));
    }

    /// <summary>The first line a program prints; empty if it cannot be run.</summary>
    public static string Line(string program, params string[] arguments)
    {
        try
        {
            var info = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in arguments) info.ArgumentList.Add(argument);
            using var process = Process.Start(info)!;
            var errors = process.StandardError.ReadToEndAsync();
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit(10_000);
            _ = errors.Wait(1000);
            return text.Split('\n')[0].Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }

    private static string? Above(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, file))) return folder.FullName;
        }
        return null;
    }
}

/// <summary>The machine a measurement was made on; generator, load balancer, daemons and servers share it.</summary>
public sealed record Machine(string Processor, int Cores, long MemoryMegabytes, string Kernel, string System, string Runtime, string Haproxy)
{
    public static Machine This()
    {
        var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
        var memory = File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        return new(processor, Environment.ProcessorCount, long.Parse(memory) / 1024, kernel, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription,
            Provenance.Line("haproxy", "-v"));
    }
}
