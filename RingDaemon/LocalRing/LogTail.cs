namespace Connect.RingDaemon.Local;

/// <summary>The end of a log, for people who have to find out why something failed.</summary>
public static class LogTail
{
    private const int MaxBytes = 256 << 10;

    /// <summary>The last lines; empty if there is no log.</summary>
    public static IReadOnlyList<string> Lines(string path, int count)
    {
        if (!File.Exists(path)) return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(Math.Max(0, file.Length - MaxBytes), SeekOrigin.Begin);
        using var reader = new StreamReader(file);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(count)];
    }

    /// <summary>A sentence with the last lines, for an error message.</summary>
    public static string Of(string path, int count = 12)
    {
        var lines = Lines(path, count);
        return lines.Count == 0 ? $"{path} is empty." : $"The end of {path}:\n{string.Join('\n', lines.Select(line => "  | " + line))}";
    }
}
