using System.Diagnostics;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Nemesis;

/// <summary>Gives every node of a stopped ring a disk of its own: a small ext4 in a file, mounted at the node's folder. Needs root and a loop device.</summary>
public static class Disks
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Moves what the nodes have onto their disks. The ring must be down.</summary>
    public static async Task MountAsync(RingUnderTest ring, int mebibytes, CancellationToken cancel)
    {
        Directory.CreateDirectory(ImagesOf(ring.Folder));
        foreach (var node in ring.Nodes)
        {
            var image = Path.Combine(ImagesOf(ring.Folder), node.Name + ".img");
            await RunAsync("truncate", cancel, "--size", $"{mebibytes}M", image);
            await RunAsync("mkfs.ext4", cancel, "-q", "-m", "0", "-F", image);
            Directory.Move(node.Folder, node.Folder + ".moving");
            Directory.CreateDirectory(node.Folder);
            await RunAsync("mount", cancel, "-o", "loop", image, node.Folder);
            Directory.Delete(Path.Combine(node.Folder, "lost+found"));
            await RunAsync("cp", cancel, "--archive", "--no-target-directory", node.Folder + ".moving", node.Folder);
            Directory.Delete(node.Folder + ".moving", recursive: true);
        }
    }

    /// <summary>Takes away every disk below a ring's folder, and its images; also those of a run that was killed. Its processes must have ended.</summary>
    public static async Task UnmountAsync(string folder, CancellationToken cancel)
    {
        foreach (var mounted in File.ReadLines("/proc/mounts").Select(l => l.Split(' ')[1]).Where(m => m.StartsWith(folder + "/", StringComparison.Ordinal)).ToArray())
            await RunAsync("umount", cancel, mounted);
        if (Directory.Exists(ImagesOf(folder))) Directory.Delete(ImagesOf(folder), recursive: true);
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="MeasurementException">It failed.</exception>
    public static async Task RunAsync(string program, CancellationToken cancel, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limited.CancelAfter(Patience);
            var said = await process.StandardError.ReadToEndAsync(limited.Token);
            await process.WaitForExitAsync(limited.Token);
            if (process.ExitCode != 0) throw new MeasurementException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {said.Trim()}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new MeasurementException($"{program} cannot be run: {e.Message}. scripts/setup installs what is missing.", e);
        }
    }

    private static string ImagesOf(string folder) => folder + ".disks";
}
