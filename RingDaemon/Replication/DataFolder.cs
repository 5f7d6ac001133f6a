using System.Diagnostics;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

/// <summary>A server's data folder before there is a server.</summary>
public static class DataFolder
{
    /// <summary>Making one takes 0.5 s (MariaDB) to 7 s (MySQL) on a small machine; after a minute it is given up.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    /// <summary>
    /// True once the engine's own system tables are there. A folder that an interrupted <see cref="InitialiseAsync"/> left is not.
    /// </summary>
    public static bool IsInitialised(string folder) => Directory.Exists(Path.Combine(folder, "mysql")) && !File.Exists(Marker(folder));

    /// <summary>
    /// Where the server of a data folder keeps temporary tables: beside it, and for it alone. MariaDB deletes everything called <c>#sql...</c> in its tmpdir when
    /// it starts; with a shared /tmp that breaks others in the middle of their installation.
    /// </summary>
    public static string TemporaryFolder(string folder) => Path.GetFullPath(folder).TrimEnd('/') + ".tmp";

    /// <summary>
    /// Makes an empty data folder. Two at a time raced in mariadb-install-db and left one without root access (see <see cref="TemporaryFolder"/>), so
    /// across all processes of this user one runs at a time. The result has a new identity: MySQL makes its UUID at the first start.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is something in the folder, or the program failed; its last lines are in the message.</exception>
    public static async Task InitialiseAsync(ServerBinaries binaries, string folder, CancellationToken cancel = default)
    {
        folder = Path.GetFullPath(folder);
        if (Directory.Exists(folder) && File.Exists(Marker(folder))) Directory.Delete(folder, recursive: true);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new InvalidOperationException($"{folder} is not empty: a server's data is never overwritten.");
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Deadline);
        using var turn = await TakeTurnAsync(limit.Token);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Marker(folder), "", limit.Token);
        Directory.CreateDirectory(TemporaryFolder(folder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await RunAsync(binaries.Initialise(folder), TemporaryFolder(folder), limit.Token);
        File.Delete(Marker(folder));
    }

    /// <summary>
    /// Makes a copied folder a server of its own: without this a copy has the UUID of the original (rule 5 of the design). The server must not run.
    /// MariaDB's identity is in the option file.
    /// </summary>
    public static void ForgetIdentity(string folder, Engine engine)
    {
        if (engine == Engine.MySQL) File.Delete(Path.Combine(folder, "auto.cnf"));
    }

    /// <summary>
    /// Removes what a killed server left beside its socket. MySQL believes the process id in there: if another process has that number by now, it refuses to start.
    /// The server must not run.
    /// </summary>
    public static void ForgetSocket(string folder)
    {
        if (Directory.Exists(folder)) File.Delete(Path.Combine(folder, OptionFile.Socket + ".lock"));
    }

    private static string Marker(string folder) => folder.TrimEnd('/') + ".incomplete";

    private static async Task<FileStream> TakeTurnAsync(CancellationToken cancel)
    {
        var path = Path.Combine(Path.GetTempPath(), $"connect-install-{Environment.UserName}.lock");
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(50, cancel);
            }
        }
    }

    private static async Task RunAsync(ProgramCall call, string temporaryFolder, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(call.Executable) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["TMPDIR"] = temporaryFolder;
        foreach (var argument in call.Arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        try
        {
            await process.WaitForExitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        if (process.ExitCode == 0) return;
        var said = string.Join('\n', $"{await output}\n{await errors}".Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(8));
        throw new InvalidOperationException($"{call.Executable} ended with {process.ExitCode}:\n{said}");
    }
}
