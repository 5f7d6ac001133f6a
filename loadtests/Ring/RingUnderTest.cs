using Connect.Node.Database;
using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.LoadTests.Ring;

/// <summary>
/// A ring in a folder, seen from outside: its files as <c>./connect up</c> lays them out, its daemons' HTTP API, its servers, its processes.
/// The measurements share no code with what they measure, beyond settings and the database driver.
/// </summary>
public sealed class RingUnderTest
{
    private RingUnderTest(string folder, IReadOnlyList<RingMember> nodes) => (Folder, Nodes) = (folder, nodes);

    /// <summary>Absolute.</summary>
    public string Folder { get; }

    /// <summary>n1, n2, ...</summary>
    public IReadOnlyList<RingMember> Nodes { get; }

    /// <summary>The load balancer's address.</summary>
    public string BoardUrl => Nodes[0].Settings.Web.PublicUrl;

    /// <summary>An administrator's token of the board; posting limits do not apply to it.</summary>
    public string BoardToken => File.ReadAllText(Path.Combine(Folder, "token")).Trim();

    /// <summary>What daemons ask for.</summary>
    public string DaemonToken => ClusterKeys.Load(Path.Combine(Folder, "cluster.key")).ApiToken;

    public string BalancerSocket => Nodes[0].Settings.LoadBalancer.Socket;

    public RingMember this[string name] => Nodes.First(n => n.Name == name);

    /// <exception cref="MeasurementException">There is no ring in the folder.</exception>
    public static RingUnderTest Open(string folder)
    {
        var path = Path.GetFullPath(folder);
        var nodes = Directory.Exists(path)
            ? Directory.EnumerateDirectories(path).Select(d => Path.Combine(d, "node.json")).Where(File.Exists)
                .Select(file => new RingMember(NodeSettings.Load(file), Path.GetDirectoryName(file)!)).OrderBy(n => n.Settings.Place).ToArray()
            : [];
        return nodes.Length > 0 ? new(path, nodes) : throw new MeasurementException($"There is no ring in {path}.");
    }
}

/// <summary>One node of it.</summary>
public sealed class RingMember(NodeSettings settings, string folder)
{
    public string Name => settings.Name;

    public NodeSettings Settings => settings;

    /// <summary>Absolute.</summary>
    public string Folder => folder;

    /// <summary>The process that does a job; null if it does not run.</summary>
    /// <param name="part"><c>mysql</c>, <c>web</c> or <c>daemon</c>.</param>
    public RingProcess? Process(string part) => RingProcess.Find(Path.Combine(folder, part + ".pid"));

    /// <summary>The node's own server with the board's account: one connection.</summary>
    public Database OpenDatabase(int driverSeconds = 5) => OpenDatabase(accounts => accounts.Board, driverSeconds);

    /// <summary>The node's own server with one of its accounts: one connection.</summary>
    public Database OpenDatabase(Func<DatabaseAccounts, Account> account, int driverSeconds = 5) => new(
        new(settings.Database.Host, settings.Database.Port), account(DatabaseAccounts.Load(settings.Resolve(settings.Database.AccountsFile))),
        settings.Database.Schema, settings.Database.ServerTls(), maxThreads: 1, driverSeconds);
}

/// <summary>Something kept a measurement from being made; the message says what.</summary>
public sealed class MeasurementException(string message, Exception? inner = null) : Exception(message, inner);
