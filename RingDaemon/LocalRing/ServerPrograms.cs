using System.Text.RegularExpressions;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>
/// Finds a database server on this machine. A <c>mysqld</c> that turns out to be MariaDB's compatibility link is not taken for a MySQL.
/// What is missing is fetched where that can be done without touching the system (a private MySQL), or installed by <c>scripts/setup</c>.
/// </summary>
internal static partial class ServerPrograms
{
    private static readonly Version OldestMySql = new(8, 4);
    private static readonly Version OldestMariaDb = new(10, 11);
    private static readonly string[] MoreFolders = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

    /// <param name="wanted">The engine; null takes what is there: MySQL first, then MariaDB, then a private MySQL.</param>
    /// <param name="progress">Told when something has to be fetched.</param>
    /// <exception cref="LocalRingException">There is none, and it could not be fetched.</exception>
    public static async Task<ServerBinaries> FindAsync(Engine? wanted, IRingProgress progress, CancellationToken cancel)
    {
        if (wanted is null or Engine.MySQL && await InstalledMySqlAsync(cancel) is { } mysql) return mysql;
        if (wanted is null or Engine.MariaDB && await InstalledMariaDbAsync(cancel) is { } mariadb) return mariadb;
        if (wanted is null or Engine.MySQL && await PrivateMySqlAsync(cancel) is { } unpacked) return unpacked;
        if (wanted is Engine.MySQL)
        {
            progress.Doing("Fetching MySQL: this machine has none (65 MB, once)");
            await RunScriptAsync("get-mysql", [], cancel);
            return await PrivateMySqlAsync(cancel) ?? throw new LocalRingException($"scripts/get-mysql left no server in {Prefix}.");
        }
        progress.Doing("Installing MariaDB: this machine has no database server");
        await RunScriptAsync("setup", ["--run-time"], cancel);
        return await InstalledMariaDbAsync(cancel) ?? throw new LocalRingException(
            $"There is no MariaDB {OldestMariaDb} or later on PATH. Install it (apt-get install mariadb-server-core), or use --engine mysql.");
    }

    /// <summary>Full path of a program; null if it is neither on PATH nor in a system folder.</summary>
    public static string? OnPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Concat(MoreFolders).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Reads what a server prints for <c>--version</c>.</summary>
    /// <returns>Engine and version; null if it is neither of the two.</returns>
    internal static (Engine Engine, Version Version)? ParseVersion(string text)
    {
        var match = VersionPattern().Match(text);
        if (!match.Success || !Version.TryParse(match.Groups[1].Value, out var version)) return null;
        return (text.Contains("MariaDB", StringComparison.Ordinal) ? Engine.MariaDB : Engine.MySQL, version);
    }

    private static string Prefix => Environment.GetEnvironmentVariable("CONNECT_MYSQL_PREFIX") is { Length: > 0 } named ? named
        : Path.Combine(CacheFolder.Path, "mysql");

    private static async Task<ServerBinaries?> InstalledMySqlAsync(CancellationToken cancel) =>
        OnPath("mysqld") is { } program && await VersionAsync([program], cancel) is (Engine.MySQL, { } version) && version >= OldestMySql
            ? new ServerBinaries { Engine = Engine.MySQL, Version = version.ToString(), Executable = program } : null;

    private static async Task<ServerBinaries?> InstalledMariaDbAsync(CancellationToken cancel) =>
        OnPath("mariadbd") is { } program && await VersionAsync([program], cancel) is (Engine.MariaDB, { } version) && version >= OldestMariaDb
            ? ServerBinaries.InstalledMariaDb(version.ToString(), Path.GetDirectoryName(Path.GetDirectoryName(program))!) : null;

    private static async Task<ServerBinaries?> PrivateMySqlAsync(CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(Prefix, "usr/sbin/mysqld"))) return null;
        var found = ServerBinaries.PrivateMySql("", Prefix);
        return await VersionAsync([found.Executable, .. found.PrefixArguments], cancel) is (Engine.MySQL, { } version) && version >= OldestMySql
            ? found with { Version = version.ToString() } : null;
    }

    private static async Task<(Engine, Version)?> VersionAsync(IReadOnlyList<string> command, CancellationToken cancel) =>
        ParseVersion((await Tool.RunAsync([.. command, "--no-defaults", "--version"], TimeSpan.FromSeconds(5), cancel)).Output);

    private static async Task RunScriptAsync(string name, string[] arguments, CancellationToken cancel)
    {
        var script = Path.Combine(Programs.Repository, "scripts", name);
        if (!File.Exists(script)) throw new LocalRingException($"{script} is missing: run this from a checkout of Connect.");
        var result = await Tool.RunAsync([script, .. arguments], TimeSpan.FromMinutes(15), cancel);
        if (result.ExitCode != 0) throw new LocalRingException($"scripts/{name} failed:\n{result.Output.Trim()}");
    }

    [GeneratedRegex(@"Ver\s+(\d+\.\d+\.\d+)")]
    private static partial Regex VersionPattern();
}
