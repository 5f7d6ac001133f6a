using System.Globalization;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Tests.Cluster;

/// <summary>
/// What a ring that failed its story leaves behind, where CI keeps logs (<c>artifacts/test-logs</c>): audits, what daemons remember, and logs. Neither keys nor data.
/// </summary>
internal static class Evidence
{
    /// <summary>Of each log, its end.</summary>
    private const int MostBytes = 2 << 20;

    /// <returns>A sentence that says where it is.</returns>
    public static string Keep(RingFolder folder)
    {
        var root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "test-logs", "rings",
            $"{Path.GetFileName(folder.Path)}-{DateTime.UtcNow.ToString("HHmmss.fff", CultureInfo.InvariantCulture)}"));
        try
        {
            foreach (var node in RingDescription.Load(folder).Nodes.Select(n => n.Name))
            {
                var place = folder.Node(node);
                foreach (var file in Files(place.State, "*.json*").Concat(Files(Path.Combine(place.Path, "log"), "*.log"))) Copy(file, Path.Combine(root, node));
            }
            Copy(folder.DescriptionFile, root);
            return $"Audits and logs are in {root}";
        }
        catch (Exception e) when (e is IOException or LocalRingException)
        {
            return $"Its audits and logs could not be kept: {e.Message}"; // the failure itself must be heard
        }
    }

    private static string[] Files(string folder, string pattern) => Directory.Exists(folder) ? Directory.GetFiles(folder, pattern) : [];

    private static void Copy(string file, string into)
    {
        Directory.CreateDirectory(into);
        using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (from.Length > MostBytes) from.Seek(-MostBytes, SeekOrigin.End);
        using var to = File.Create(Path.Combine(into, Path.GetFileName(file)));
        from.CopyTo(to);
    }
}
