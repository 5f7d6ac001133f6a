namespace Connect.RingDaemon.Local;

/// <summary>What is made once for a user and used by every ring.</summary>
internal static class CacheFolder
{
    public static string Path => System.IO.Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "connect");
}
