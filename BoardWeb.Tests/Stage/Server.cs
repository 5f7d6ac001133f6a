using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>A real server with the board's schema, in a folder of its own, for as long as the tests run.</summary>
public sealed class Server : IAsyncDisposable
{
    private static readonly SemaphoreSlim OneAtATime = new(1);

    private const int FirstPort = 21000, LastPort = 21999, PortsOfARun = 500;

    /// <summary>Held until the process ends: the first port of its range. Two runs at a time would take each other's ports between the look and the use.</summary>
    private static readonly TcpListener Range = ClaimRange();

    private static int _lastPort = PortOf(Range);

    private readonly Process _process;

    private Server(Engine engine, string folder, int port, Process process) => (Engine, Folder, Port, _process) = (engine, folder, port, process);

    public Engine Engine { get; }

    public string Folder { get; }

    public int Port { get; }

    public static Account Board { get; } = new("connect_board", "Aa1_board");

    /// <summary>A port of the range this run keeps to.</summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref _lastPort);
            if (port >= PortOf(Range) + PortsOfARun) throw new InvalidOperationException($"One run of these tests has {PortsOfARun} ports; all are used up.");
            using var probe = Listen(port);
            if (probe is not null) return port;
        }
    }

    /// <summary>Where <c>scripts/get-mysql</c> puts a MySQL, or null where there is none.</summary>
    public static string? MySqlPrefix { get; } = new[]
    {
        Environment.GetEnvironmentVariable("CONNECT_MYSQL_PREFIX"),
        Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "connect/mysql"),
    }.FirstOrDefault(prefix => prefix is { Length: > 0 } && File.Exists(Path.Combine(prefix, "usr/sbin/mysqld")));

    private static TcpListener ClaimRange()
    {
        for (var first = FirstPort; first <= LastPort; first += PortsOfARun)
        {
            if (Listen(first) is { } claimed) return claimed;
        }
        throw new InvalidOperationException($"No range of ports is free from {FirstPort} to {LastPort}: only two runs of these tests fit on one machine.");
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Null if somebody else has it.</summary>
    private static TcpListener? Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }

    public static async Task<Server> StartAsync(Engine engine)
    {
        await OneAtATime.WaitAsync();
        try
        {
            var folder = Path.Combine(Path.GetTempPath(), $"board-test-{engine.ToString().ToLowerInvariant()}-{Guid.NewGuid().ToString("N")[..12]}");
            Directory.CreateDirectory(folder);
            var port = FreePort();
            var init = Path.Combine(folder, "init.sql");
            File.WriteAllText(init, Init(engine));
            var (file, args) = engine == Engine.MariaDB ? MariaDB(folder, port, init) : MySql(folder, port, init);
            var process = Start(file, args);
            var server = new Server(engine, folder, port, process);
            await server.WaitUntilReadyAsync();
            return server;
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    public void Signal(string name) => Process.Start("/bin/kill", ["-" + name, _process.Id.ToString()]).WaitForExit();

    public async ValueTask DisposeAsync()
    {
        Signal("CONT");
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static (string, string[]) MariaDB(string folder, int port, string init)
    {
        var data = Path.Combine(folder, "data");
        Run("mariadb-install-db", "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal", "--user=root", $"--datadir={data}");
        return ("mariadbd", ["--no-defaults", "--user=root", $"--datadir={data}", $"--port={port}", "--bind-address=127.0.0.1", $"--socket={folder}/s",
            "--server-id=7", "--gtid-domain-id=7", "--log-bin=bin", "--log-slave-updates=ON", "--binlog-format=ROW", "--innodb-buffer-pool-size=64M",
            "--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1", $"--init-file={init}", $"--log-error={folder}/error.log"]);
    }

    private static (string, string[]) MySql(string folder, int port, string init)
    {
        var root = MySqlPrefix!;
        var lib = $"{root}/usr/lib/x86_64-linux-gnu";
        string[] start = ["--library-path", lib, "--argv0", "mysqld", $"{root}/usr/sbin/mysqld", "--no-defaults", $"--basedir={root}/usr",
            $"--lc-messages-dir={root}/usr/share/mysql", $"--plugin-dir={root}/usr/lib/mysql/plugin", "--secure-file-priv=", "--user=root",
            $"--datadir={folder}/data", $"--log-error={folder}/error.log", "--performance-schema=OFF"];
        Run($"{lib}/ld-linux-x86-64.so.2", [.. start, "--initialize-insecure"]);
        return ($"{lib}/ld-linux-x86-64.so.2", [.. start, $"--port={port}", "--bind-address=127.0.0.1", $"--socket={folder}/s", "--mysqlx=OFF",
            "--server-id=9", "--log-bin=bin", "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--innodb-buffer-pool-size=64M", $"--init-file={init}"]);
    }

    /// <summary>An init file: one statement a line, not written to the binary log.</summary>
    private static string Init(Engine engine)
    {
        using var reader = new StreamReader(typeof(NodeSettings).Assembly.GetManifestResourceStream("Schema.sql")!);
        var schema = string.Join(' ', reader.ReadToEnd().Split('\n').Select(line => line.Split("--")[0].Trim()).Where(line => line.Length > 0));
        var statements = new List<string>
        {
            "SET SESSION sql_log_bin=0", "CREATE DATABASE connect", "USE connect",
        };
        statements.AddRange(schema.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        if (engine == Engine.MariaDB) statements.Add("DELETE FROM mysql.global_priv WHERE User=''");
        statements.Add($"CREATE USER '{Board.User}'@'%' IDENTIFIED BY '{Board.Password}'");
        statements.Add($"GRANT SELECT, INSERT ON connect.* TO '{Board.User}'@'%'");
        statements.Add("CREATE USER 'tester'@'%' IDENTIFIED BY 'Aa1_tester'");
        statements.Add("GRANT ALL ON *.* TO 'tester'@'%'");
        statements.Add("FLUSH PRIVILEGES");
        return string.Join(";\n", statements) + ";\n";
    }

    private async Task WaitUntilReadyAsync()
    {
        using var database = new Node.Database.Database(new("127.0.0.1", Port), Board, "connect", tls: false, 1, 1);
        await Wait.UntilAsync(async () =>
        {
            if (_process.HasExited) throw new InvalidOperationException(await File.ReadAllTextAsync($"{Folder}/error.log"));
            await database.RunAsync(c => Dapper.SqlMapper.ExecuteScalar<int?>(c, "SELECT COUNT(*) FROM post"), TimeSpan.FromSeconds(1));
            return true;
        }, TimeSpan.FromSeconds(30), "the server answers");
    }

    private static Process Start(string file, string[] args)
    {
        var process = Process.Start(new ProcessStartInfo(file, args) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Run(string file, params string[] args)
    {
        using var process = Start(file, args);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{file} ended with {process.ExitCode}.");
    }
}

/// <summary>Waits for conditions, never for time.</summary>
public static class Wait
{
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan atMost, string what)
    {
        var began = Stopwatch.GetTimestamp();
        Exception? last = null;
        while (Stopwatch.GetElapsedTime(began) < atMost)
        {
            try
            {
                if (await condition()) return;
            }
            catch (Exception e) when (e is Node.Database.DatabaseUnavailableException or System.Data.Common.DbException or HttpRequestException)
            {
                last = e;
            }
            await Task.Delay(20);
        }
        throw new TimeoutException($"Within {atMost}: {what}.", last);
    }
}
