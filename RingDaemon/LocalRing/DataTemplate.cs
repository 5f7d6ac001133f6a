using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>
/// An empty data folder, initialised once for a server version and copied for every node: copying takes a tenth of the time, and MariaDB's
/// initialisations must not run beside each other. It holds no password and no data.
/// </summary>
internal static class DataTemplate
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Puts a fresh data folder at <paramref name="target"/>, which must not exist.</summary>
    public static async Task CopyToAsync(ServerBinaries binaries, string target, CancellationToken cancel)
    {
        var template = await MakeAsync(binaries, cancel);
        var unfinished = target + ".new"; // a crash in the middle must not leave something that looks like a server's data
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        var copy = await Tool.RunAsync(["cp", "--archive", "--reflink=auto", template, unfinished], Patience, cancel);
        if (copy.ExitCode != 0) throw new LocalRingException($"{target} could not be made: {copy.Output.Trim()}");
        RingFolder.Private(unfinished);
        Directory.Move(unfinished, target);
    }

    /// <summary>Makes the template if there is none.</summary>
    public static async Task<string> MakeAsync(ServerBinaries binaries, CancellationToken cancel)
    {
        var folder = Path.Combine(CacheFolder.Path, "data");
        var template = Path.Combine(folder, $"{binaries.Engine.ToString().ToLowerInvariant()}-{binaries.Version}");
        if (Directory.Exists(template)) return template;
        RingFolder.Private(folder);
        FileStream? file = null;
        if (!await Eventually.TrueAsync(() => (file = TryLock(template + ".lock")) is not null, Patience, cancel))
            throw new LocalRingException($"Somebody else has been making {template} for too long.");
        using (file)
        {
            if (Directory.Exists(template)) return template;
            var unfinished = template + ".new";
            if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
            try
            {
                await DataFolder.InitialiseAsync(binaries, unfinished, cancel);
            }
            catch (InvalidOperationException e)
            {
                throw new LocalRingException($"{binaries.Engine} could not make a data folder: {e.Message}", e);
            }
            DataFolder.ForgetIdentity(unfinished, binaries.Engine);
            Directory.Move(unfinished, template);
            return template;
        }
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
