using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Tests.Replication;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace Connect.RingDaemon.Tests.Replication;

/// <summary>
/// Real servers for tests. An empty data folder is made once per engine and run; each server gets a copy of it. Everything is below one folder, and
/// is gone when the run is over; what a killed run left behind is cleaned up by the next one.
/// </summary>
public sealed class TestServers : IAsyncLifetime
{
    private const int FirstPort = 20000;
    private const int LastPort = 20199;
    private const string Root = "/tmp/repl-test";

    private static readonly string Folder = $"{Root}/run-{Environment.ProcessId}";

    private readonly Dictionary<Engine, Lazy<Task<string>>> _templates;
    private readonly List<TestServer> _made = [];
    private int _port = FirstPort - 1;

    public TestServers() => _templates = Enum.GetValues<Engine>().ToDictionary(engine => engine, engine => new Lazy<Task<string>>(() => MakeTemplateAsync(engine)));

    /// <summary>The ring's shared accounts; every server adds two of its own.</summary>
    public DatabaseAccounts RingAccounts { get; } = DatabaseAccounts.Generate();

    /// <summary>Where the programs are, or null if this machine has none of the engine. To be replaced by LocalRing's own discovery.</summary>
    public static ServerBinaries? Binaries(Engine engine)
    {
        if (engine == Engine.MariaDB) return File.Exists("/usr/sbin/mariadbd") ? ServerBinaries.InstalledMariaDb("MariaDB 10.11") : null;
        var prefix = Environment.GetEnvironmentVariable("CONNECT_MYSQL_PREFIX") ?? "/tmp/mysqlsid/root";
        return File.Exists($"{prefix}/usr/sbin/mysqld") ? ServerBinaries.PrivateMySql("MySQL 9.7", prefix) : null;
    }

    /// <summary>A running server with a data folder, an identity and accounts of its own.</summary>
    public async Task<TestServer> StartAsync(Engine engine, params string[] extraOptions)
    {
        if (Binaries(engine) is not { } binaries) throw new InvalidOperationException($"There is no {engine} server on this machine.");
        var template = await _templates[engine].Value;
        int port;
        lock (_made) port = NextFreePort();
        var server = new TestServer(binaries, $"{Folder}/s{port}", port, serverId: (uint)port, RingAccounts.ForNewcomer(), extraOptions);
        lock (_made) _made.Add(server);
        await Shell("cp", "-a", "--reflink=auto", "--sparse=always", template, server.DataFolder);
        await server.StartAsync();
        return server;
    }

    public async Task<TestServer[]> StartManyAsync(Engine engine, int count) => await Task.WhenAll(Enumerable.Range(0, count).Select(_ => StartAsync(engine)));

    public ValueTask InitializeAsync()
    {
        foreach (var old in Directory.Exists(Root) ? Directory.GetDirectories(Root, "run-*") : [])
        {
            if (!Directory.Exists($"/proc/{old[(old.LastIndexOf('-') + 1)..]}")) TestServer.CleanUp(old);
        }
        Directory.CreateDirectory(Folder);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var server in _made) server.Dispose();
        TestServer.CleanUp(Folder);
        return ValueTask.CompletedTask;
    }

    private int NextFreePort()
    {
        while (++_port <= LastPort)
        {
            try
            {
                using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, _port);
                probe.Start();
                return _port;
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Taken: the next one.
            }
        }
        throw new InvalidOperationException($"No free port from {FirstPort} to {LastPort}.");
    }

    private static async Task<string> MakeTemplateAsync(Engine engine)
    {
        var folder = $"{Folder}/template-{engine}";
        await DataFolder.InitialiseAsync(Binaries(engine)!, folder);
        DataFolder.ForgetIdentity(folder, engine);
        return folder;
    }

    private static async Task Shell(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
