namespace Connect.RingDaemon.Local;

/// <summary>Connect's own two programs.</summary>
/// <param name="Daemon">RingDaemon.dll.</param>
/// <param name="Board">BoardWeb.dll.</param>
public sealed record Programs(string Daemon, string Board)
{
    /// <summary>The checkout that this runs from; the current folder if there is none.</summary>
    public static string Repository => Above("Connect.sln") ?? Environment.CurrentDirectory;

    /// <summary>
    /// Finds both: in the folder that <c>CONNECT_PROGRAMS</c> names, beside each other in one folder (an installation), or where the build puts them
    /// (<c>artifacts/bin/PROJECT/CONFIGURATION</c>; the configuration this runs in, else release, else debug).
    /// </summary>
    /// <exception cref="LocalRingException">One of them has not been built.</exception>
    public static Programs Find()
    {
        if (Environment.GetEnvironmentVariable("CONNECT_PROGRAMS") is { Length: > 0 } named) return In(named);
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var candidates = new List<Programs> { In(here) };
        foreach (var configuration in new[] { Path.GetFileName(here), "release", "debug" })
        {
            var built = Path.Combine(Repository, "artifacts/bin");
            candidates.Add(new(Path.Combine(built, "RingDaemon", configuration, "RingDaemon.dll"), Path.Combine(built, "BoardWeb", configuration, "BoardWeb.dll")));
        }
        return candidates.Find(c => File.Exists(c.Daemon) && File.Exists(c.Board))
            ?? throw new LocalRingException("RingDaemon and BoardWeb have not been built. ./connect builds them: use it, or run dotnet build -c Release.");
    }

    /// <summary>A file of <c>config/</c>.</summary>
    /// <exception cref="LocalRingException">It is not there.</exception>
    public static string Configuration(string name)
    {
        var path = new[] { Path.Combine(Repository, "config", name), Path.Combine(AppContext.BaseDirectory, "config", name) }.FirstOrDefault(File.Exists);
        return path ?? throw new LocalRingException($"config/{name} is missing: run this from a checkout of Connect.");
    }

    private static Programs In(string folder) => new(Path.Combine(folder, "RingDaemon.dll"), Path.Combine(folder, "BoardWeb.dll"));

    private static string? Above(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, file))) return folder.FullName;
        }
        return null;
    }
}
