namespace Connect.RingDaemon.Health;

/// <summary>
/// Whether the server's data folder has room. A server on a full disk does not die: it waits, with every writer in it. So the node steps out before that.
/// </summary>
public static class DiskWatch
{
    /// <summary>Null if there is room (or nothing to look at); otherwise what is wrong, in words.</summary>
    /// <param name="folder">The data folder, or null if it is not on this machine.</param>
    /// <param name="minFreeBytes">Fewer free bytes than this are too few.</param>
    public static string? Fault(string? folder, long minFreeBytes)
    {
        if (folder is null) return null;
        if (!Directory.Exists(folder)) return $"its data folder {folder} is gone";
        try
        {
            var free = new DriveInfo(folder).AvailableFreeSpace;
            return free >= minFreeBytes ? null : $"its disk is full: {free >> 20} MiB free in {folder}, {minFreeBytes >> 20} MiB are needed";
        }
        catch (IOException e)
        {
            return $"its disk does not answer: {e.Message}";
        }
    }
}
