using Connect.Node.Settings;

namespace Connect.RingDaemon.Local.StandIn;

// STAND-IN: to be replaced by RingDaemon/Replication/DataFolder.cs.

/// <summary>How an empty data folder is made.</summary>
internal static class DataFolder
{
    public static IReadOnlyList<string> InitialiseCommand(ServerBinaries binaries, string folder) => binaries.Engine == Engine.MySQL
        ? [.. binaries.Command, "--no-defaults", .. binaries.Arguments, "--initialize-insecure", $"--datadir={folder}", $"--user={Environment.UserName}",
            "--innodb-redo-log-capacity=16M", "--log-error-verbosity=2"]
        : ["mariadb-install-db", "--no-defaults", $"--datadir={folder}", $"--user={Environment.UserName}", "--skip-test-db", "--skip-name-resolve",
            "--auth-root-authentication-method=socket", "--innodb-log-file-size=16M"];

    /// <summary>What is missing in a folder that once was a server's; empty if it looks whole.</summary>
    public static IReadOnlyList<string> Missing(Engine engine, string folder)
    {
        if (!Directory.Exists(folder)) return [folder];
        string[] needed = engine == Engine.MySQL ? ["ibdata1", "mysql.ibd", "#innodb_redo", "mysql"] : ["ibdata1", "ib_logfile0", "mysql", "aria_log_control"];
        return [.. needed.Select(name => Path.Combine(folder, name)).Where(path => !Path.Exists(path))];
    }
}
