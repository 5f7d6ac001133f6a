using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Dapper;

namespace Connect.RingDaemon.Tests.Replication;

/// <summary>One server process under test, with an administrator's account that real nodes do not have.</summary>
public sealed partial class TestServer : IDisposable
{
    private const int SigStop = 19;
    private const int SigContinue = 18;

    private static readonly Account Admin = new("test_admin", "Aa1_test_admin");

    private readonly ServerBinaries _binaries;
    private readonly string _folder;
    private readonly string[] _extra;
    private readonly Database _admin;
    private readonly Database _board;
    private Process? _process;

    public TestServer(ServerBinaries binaries, string folder, int port, uint serverId, DatabaseAccounts accounts, string[] extraOptions)
    {
        (_binaries, _folder, Port, ServerId, Accounts, _extra) = (binaries, folder, port, serverId, accounts, extraOptions);
        Settings = new NodeSettings { Name = $"n{port}", Database = new() { Engine = binaries.Engine, Port = port } };
        Directory.CreateDirectory(folder);
        _admin = new(Address, Admin, null, tls: false, maxThreads: 4, driverSeconds: 20);
        _board = new(Address, accounts.Board, Schema, tls: false, maxThreads: 4, driverSeconds: 2);
        Replication = ReplicationServer.For(Settings, accounts);
    }

    public static string Schema => "connect";

    public int Port { get; }

    public uint ServerId { get; }

    public DatabaseAccounts Accounts { get; }

    public NodeSettings Settings { get; }

    public OwnServer Replication { get; }

    public Database Board => _board;

    public ServerAddress Address => new("127.0.0.1", Port);

    public string DataFolder => $"{_folder}/data";

    public bool HasExited => _process is null || _process.HasExited;

    public static implicit operator ServerAddress(TestServer server) => server.Address;

    public async Task StartAsync()
    {
        var engine = _binaries.Engine;
        var admin = $"CREATE USER IF NOT EXISTS '{Admin.User}'@'%' IDENTIFIED BY '{Admin.Password}';\nGRANT ALL PRIVILEGES ON *.* TO '{Admin.User}'@'%' WITH GRANT OPTION;\n";
        SecretFile.Write($"{_folder}/init.sql", ServerSetup.InitSql(engine, Schema, Accounts) + admin);
        var plan = new ServerPlan(_binaries, DataFolder, $"{_folder}/init.sql", "127.0.0.1", Port, ServerId) { BufferPoolMiB = 24, OpenFromStart = true, Extra = _extra };
        OptionFile.Write(plan, $"{_folder}/my.cnf");
        var call = _binaries.Start($"{_folder}/my.cnf");
        var start = new ProcessStartInfo(call.Executable) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in call.Arguments) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await File.WriteAllTextAsync($"{_folder}/test.pid", _process.Id.ToString(CultureInfo.InvariantCulture));
        await Eventually.IsTrueAsync(IsUpAsync, TimeSpan.FromSeconds(30), Log);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (HasExited) return;
        _process!.Kill();
        _process.WaitForExit();
    }

    public async Task ExitedAsync(TimeSpan within) => await _process!.WaitForExitAsync().WaitAsync(within);

    /// <summary>Stops it, and waits until every one of its threads stands: until then some still answer.</summary>
    public void Freeze()
    {
        Signal(SigStop);
        var since = Stopwatch.GetTimestamp();
        while (Directory.EnumerateDirectories($"/proc/{_process!.Id}/task").Any(thread => Runs(File.ReadAllText($"{thread}/stat"))))
        {
            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(5)) throw new TimeoutException("It does not stand still.");
            Thread.Yield();
        }
    }

    /// <summary>The kernel's own helpers among its threads (io_uring) take no signals and answer nobody.</summary>
    private static bool Runs(string stat) => !stat.Contains("(iou-", StringComparison.Ordinal) && stat[stat.LastIndexOf(')') + 2] != 'T';

    public void Thaw() => Signal(SigContinue);

    public Task<T?> AdminAsync<T>(string sql) => _admin.RunAsync(connection => connection.ExecuteScalar<T>(sql), TimeSpan.FromSeconds(20));

    public Task AdminAsync(string sql) => _admin.RunAsync(connection => { connection.Execute(sql); }, TimeSpan.FromSeconds(20));

    public Task<IDictionary<string, object>> AdminRowAsync(string sql) => _admin.RunAsync(connection => (IDictionary<string, object>)connection.QuerySingle(sql), TimeSpan.FromSeconds(20));

    public Task<string> NewestLogAsync() =>
        _admin.RunAsync(connection => connection.Query("SHOW BINARY LOGS").Cast<IDictionary<string, object>>().Select(row => (string)row["Log_name"]).Last(), TimeSpan.FromSeconds(20));

    /// <summary>Inserts posts as the board would, one transaction each; returns their ids.</summary>
    public Task<List<Guid>> WriteAsync(int posts, Uuid7? ids = null) => _board.RunAsync(connection =>
    {
        ids ??= new Uuid7(TimeProvider.System);
        var made = new List<Guid>();
        for (var i = 0; i < posts; i++)
        {
            var id = ids.Next();
            connection.Execute("INSERT INTO post (id, node, topic_id, author_id, body) VALUES (@id, @node, @id, @id, @body)",
                new { id = Uuid7.ToBytes(id), node = ServerId, body = $"Grüße 🌍 {i}" });
            made.Add(id);
        }
        return made;
    }, TimeSpan.FromSeconds(20));

    public async Task<string> DigestAsync() => (await AdminAsync<string>(
        "SELECT CONCAT(COUNT(*), ' ', COALESCE(BIT_XOR(CRC32(CONCAT(HEX(id), node, body))), 0)) FROM connect.post"))!;

    /// <summary>What has arrived from the source and is kept.</summary>
    public long RelayLogBytes() => new DirectoryInfo(DataFolder).EnumerateFiles("relay*").Where(f => f.Exists).Sum(f => f.Length);

    public Task<string> Log() => Task.FromResult(File.Exists($"{DataFolder}/{OptionFile.ErrorLog}")
        ? string.Join('\n', File.ReadLines($"{DataFolder}/{OptionFile.ErrorLog}").TakeLast(15)) : "no log");

    public void Dispose()
    {
        Kill();
        _process?.Dispose();
        _process = null;
        _admin.Dispose();
        _board.Dispose();
        Replication.Dispose();
    }

    /// <summary>Ends what still runs in a run's folder and deletes it.</summary>
    internal static void CleanUp(string folder)
    {
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "test.pid", SearchOption.AllDirectories) : [])
        {
            var pid = File.ReadAllText(file);
            if (!File.Exists($"/proc/{pid}/cmdline") || !File.ReadAllText($"/proc/{pid}/cmdline").Contains(Path.GetDirectoryName(file)!, StringComparison.Ordinal)) continue;
            using var process = Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture));
            process.Kill();
        }
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private async Task<bool> IsUpAsync()
    {
        if (HasExited) throw new InvalidOperationException($"The server on port {Port} ended at its start:\n{await Log()}");
        try
        {
            return await _admin.RunAsync(connection => connection.ExecuteScalar<int>("SELECT 1"), TimeSpan.FromSeconds(2)) == 1;
        }
        catch (DatabaseUnavailableException)
        {
            return false;
        }
    }

    private void Signal(int signal)
    {
        if (SendSignal(_process!.Id, signal) != 0) throw new InvalidOperationException($"kill -{signal} failed with {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
