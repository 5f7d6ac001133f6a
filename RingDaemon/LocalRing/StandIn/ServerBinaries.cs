using Connect.Node.Settings;

namespace Connect.RingDaemon.Local.StandIn;

// STAND-IN: to be replaced by RingDaemon/Replication/ServerBinaries.cs.

/// <summary>A server program of this machine and how it is run.</summary>
/// <param name="Engine">Which dialect.</param>
/// <param name="Version">Like <c>10.11.19</c>.</param>
/// <param name="Command">Program, with what has to come before its own arguments (the loader of a private prefix).</param>
/// <param name="Arguments">What has to come after <c>--defaults-file</c>.</param>
/// <param name="Prefix">The private prefix; null if it is the system's own.</param>
public sealed record ServerBinaries(Engine Engine, string Version, IReadOnlyList<string> Command, IReadOnlyList<string> Arguments, string? Prefix)
{
    /// <summary>The command that runs a server with an option file.</summary>
    public IReadOnlyList<string> Run(string optionFile) => [.. Command, $"--defaults-file={optionFile}", .. Arguments];

    public static ServerBinaries System(Engine engine, string version, string program) => new(engine, version, [program], [], null);

    /// <summary>MySQL unpacked by scripts/get-mysql: with its own loader and C library.</summary>
    public static ServerBinaries Private(string version, string prefix)
    {
        var libraries = Directory.EnumerateDirectories(Path.Combine(prefix, "usr/lib"), "*-linux-gnu*").First();
        var loader = Directory.EnumerateFiles(libraries, "ld-linux*").First();
        return new(Engine.MySQL, version,
            [loader, "--library-path", libraries, "--argv0", Path.Combine(prefix, "usr/sbin/mysqld"), Path.Combine(prefix, "usr/sbin/mysqld")],
            [$"--basedir={prefix}/usr", $"--lc-messages-dir={prefix}/usr/share/mysql", $"--plugin-dir={prefix}/usr/lib/mysql/plugin", "--secure-file-priv="],
            prefix);
    }
}
