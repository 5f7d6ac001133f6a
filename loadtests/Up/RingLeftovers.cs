using System.Text;

namespace Connect.LoadTests.Up;

/// <summary>Looks for processes that a ring left behind.</summary>
public static class RingLeftovers
{
    /// <summary>Processes that carry the ring's mark in their environment, or name its folder in their command line.</summary>
    public static IReadOnlyList<string> Of(string folder)
    {
        var found = new List<string>();
        var mark = Encoding.UTF8.GetBytes($"CONNECT_RING_FOLDER={folder}\0");
        var path = Encoding.UTF8.GetBytes(folder + "/");
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(entry), out var pid) || pid == Environment.ProcessId) continue;
            var command = Read($"{entry}/cmdline");
            if (command.Length == 0) continue; // a kernel thread, or a zombie
            if (Read($"{entry}/environ").AsSpan().IndexOf(mark) >= 0 || command.AsSpan().IndexOf(path) >= 0)
                found.Add($"{pid} {Encoding.UTF8.GetString(command).Replace('\0', ' ').Trim()}");
        }
        return found;
    }

    private static byte[] Read(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // it has ended, or belongs to someone else
        }
    }
}
