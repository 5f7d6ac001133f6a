using System.Collections.Immutable;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

/// <summary>Where the programs of one engine are on this machine.</summary>
public sealed record ServerBinaries
{
    public required Engine Engine { get; init; }

    /// <summary>Like <c>MariaDB 10.11.19</c> or <c>MySQL 9.7.4</c>.</summary>
    public required string Version { get; init; }

    /// <summary>What to execute: the server, or the dynamic loader of a private prefix.</summary>
    public required string Executable { get; init; }

    /// <summary>What stands before the server's own options (a loader's <c>--library-path ... --argv0 PREFIX/usr/sbin/mysqld PREFIX/usr/sbin/mysqld</c>).</summary>
    public ImmutableArray<string> PrefixArguments { get; init; } = [];

    /// <summary><c>mariadb-install-db</c>; MySQL makes its data folder itself and needs none.</summary>
    public string? InstallTool { get; init; }

    /// <summary>basedir, or null for the one that was compiled in.</summary>
    public string? BaseFolder { get; init; }

    /// <summary>Folder of the error messages (lc_messages_dir), or null.</summary>
    public string? ShareFolder { get; init; }

    /// <summary>plugin_dir, or null.</summary>
    public string? PluginFolder { get; init; }

    /// <summary>The server as Debian installs it: <c>mariadbd</c> and its tools.</summary>
    public static ServerBinaries InstalledMariaDb(string version, string folder = "/usr") => new()
    {
        Engine = Engine.MariaDB,
        Version = version,
        Executable = $"{folder}/sbin/mariadbd",
        InstallTool = $"{folder}/bin/mariadb-install-db",
    };

    /// <summary>MySQL unpacked into a folder of its own, started through the loader and the libraries that came with it (scripts/get-mysql).</summary>
    public static ServerBinaries PrivateMySql(string version, string prefix)
    {
        var libraries = $"{prefix}/usr/lib/x86_64-linux-gnu";
        return new()
        {
            Engine = Engine.MySQL,
            Version = version,
            Executable = $"{libraries}/ld-linux-x86-64.so.2",
            PrefixArguments = ["--library-path", libraries, "--argv0", $"{prefix}/usr/sbin/mysqld", $"{prefix}/usr/sbin/mysqld"],
            BaseFolder = $"{prefix}/usr",
            ShareFolder = $"{prefix}/usr/share/mysql",
            PluginFolder = $"{prefix}/usr/lib/mysql/plugin",
        };
    }

    /// <summary>The command line that starts a server with an option file from <see cref="OptionFile"/>. It stays in the foreground.</summary>
    public ProgramCall Start(string optionFile) => new(Executable, [.. PrefixArguments, $"--defaults-file={Path.GetFullPath(optionFile)}"]);

    /// <summary>The command line that makes an empty data folder.</summary>
    internal ProgramCall Initialise(string dataFolder)
    {
        string[] asRoot = Environment.IsPrivilegedProcess ? ["--user=root"] : [];
        if (Engine == Engine.MySQL)
        {
            return new(Executable, [.. PrefixArguments, "--no-defaults", "--initialize-insecure", $"--datadir={dataFolder}", "--secure-file-priv=",
                "--innodb-redo-log-capacity=16M", .. Folders().Select(f => $"--{f.Name}={f.Path}"), .. asRoot]);
        }
        return new(InstallTool ?? throw new InvalidOperationException("mariadb-install-db is missing."),
            ["--no-defaults", $"--datadir={dataFolder}", "--auth-root-authentication-method=socket", "--skip-test-db", "--skip-name-resolve",
                .. BaseFolder is null ? [] : new[] { $"--basedir={BaseFolder}" }, .. asRoot]);
    }

    internal IEnumerable<(string Name, string Path)> Folders()
    {
        if (BaseFolder is not null) yield return ("basedir", BaseFolder);
        if (ShareFolder is not null) yield return ("lc_messages_dir", ShareFolder);
        if (PluginFolder is not null) yield return ("plugin_dir", PluginFolder);
    }
}

/// <summary>A program and its arguments; never a shell.</summary>
public sealed record ProgramCall(string Executable, ImmutableArray<string> Arguments);
