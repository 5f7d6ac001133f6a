using System.Text.Json;
using System.Text.Json.Nodes;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>Writes the files of a node: settings, accounts, the server's options and its init file.</summary>
internal static class NodeFiles
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes everything but the data folder. Accounts that are there already are kept.</summary>
    public static void Write(RingFolder folder, RingDescription ring, RingNode node, ServerBinaries binaries, DatabaseAccounts accounts)
    {
        var place = folder.Node(node.Name);
        RingFolder.Private(place.Path);
        RingFolder.Private(place.State);
        Directory.CreateDirectory(Path.GetDirectoryName(place.Log(NodePart.Mysql))!);
        accounts.Save(place.AccountsFile);
        WriteServerFiles(folder, ring, node, binaries, accounts);
        WriteSettings(folder, ring, node);
    }

    /// <summary>The server's option file and init file; the latter holds passwords.</summary>
    public static void WriteServerFiles(RingFolder folder, RingDescription ring, RingNode node, ServerBinaries binaries, DatabaseAccounts accounts)
    {
        var place = folder.Node(node.Name);
        var plan = new ServerPlan(binaries, place.Data, place.InitFile, ring.HostOf(node), ring.PortsOf(node).Mysql, node.ServerId) { LogFile = place.Log(NodePart.Mysql) };
        OptionFile.Write(plan, place.OptionFile);
        SecretFile.Write(place.InitFile, ServerSetup.InitSql(binaries.Engine, new DatabaseSettings().Schema, accounts));
    }

    /// <summary>The node's settings, with every other node's daemon as a way in.</summary>
    public static void WriteSettings(RingFolder folder, RingDescription ring, RingNode node)
    {
        var ports = ring.PortsOf(node);
        var place = folder.Node(node.Name);
        var settings = new JsonObject
        {
            ["name"] = node.Name,
            ["cluster"] = ring.Cluster,
            ["zone"] = "local",
            ["place"] = node.Index,
            ["minority"] = ring.Minority.ToString().ToLowerInvariant(),
            ["stateFolder"] = "state",
            ["keyFile"] = "../cluster.key",
            ["database"] = new JsonObject
            {
                ["engine"] = ring.Engine.ToString(),
                ["host"] = ring.HostOf(node),
                ["port"] = ports.Mysql,
                ["dataFolder"] = "data",
                ["accountsFile"] = "accounts.json",
                ["renewCommand"] = new JsonArray("dotnet", Programs.Find().Daemon, "renew", node.Name, "--data", folder.Path),
            },
            ["daemon"] = new JsonObject
            {
                ["url"] = ring.DaemonUrl(node),
                // A ring's own network has no way out of this machine.
                ["allowPlainHttp"] = ring.Network is not null,
                ["founder"] = !ring.Founded && !node.Newcomer,
                ["join"] = new JsonArray([.. ring.Nodes.Where(n => n.Name != node.Name).Select(n => (JsonNode)ring.DaemonUrl(n))]),
            },
            ["web"] = new JsonObject { ["url"] = ring.WebUrl(node), ["publicUrl"] = ring.BoardUrl },
            ["loadBalancer"] = new JsonObject { ["kind"] = "haproxy", ["socket"] = HaproxyProcess.SocketOf(folder, ring, node), ["backend"] = "boards" },
        };
        File.WriteAllText(place.SettingsFile + ".new", settings.ToJsonString(Indented) + "\n");
        File.Move(place.SettingsFile + ".new", place.SettingsFile, overwrite: true);
    }
}
