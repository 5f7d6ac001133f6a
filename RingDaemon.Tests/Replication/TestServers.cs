using Connect.Node.Settings;
using Connect.RingDaemon.Local;
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
    private static readonly string Root = Path.Combine(Path.GetTempPath(), "connect-servers");

    private static readonly string Folder = $"{Root}/run-{Environment.ProcessId}";

    private readonly Dictionary<Engine, Lazy<Task<string>>> _templates;
    private readonly List<TestServer> _made = [];
    private int _port = FirstPort - 1;

    public TestServers() => _templates = Enum.GetValues<Engine>().ToDictionary(engine => engine, engine => new Lazy<Task<string>>(() => MakeTemplateAsync(engine)));

    /// <summary>The ring's shared accounts; every server adds two of its own.</summary>
    public DatabaseAccounts RingAccounts { get; } = DatabaseAccounts.Generate();

    /// <summary>The programs of an engine, found (and if need be fetched) as <c>connect up</c> does it; looked for once in a run.</summary>
    private static readonly Dictionary<Engine, Lazy<Task<ServerBinaries>>> Programs = Enum.GetValues<Engine>().ToDictionary(
        engine => engine, engine => new Lazy<Task<ServerBinaries>>(() => ServerPrograms.FindAsync(engine, SilentProgress.Instance, CancellationToken.None)));

    /// <summary>A running server with a data folder, an identity and accounts of its own.</summary>
    public async Task<TestServer> StartAsync(Engine engine, params string[] extraOptions)
    {
        var binaries = await Programs[engine].Value;
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
        await DataFolder.InitialiseAsync(await Programs[engine].Value, folder);
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
