using System.Security.Cryptography;
using System.Text;
using Connect.Node.Security;

namespace Connect.RingDaemon.Local;

/// <summary>Where everything of one local ring lies. Only its owner may look inside.</summary>
public sealed class RingFolder
{
    // A Unix socket's path has 107 bytes; HAProxy needs some of them for a temporary name.
    private const int LongestSocketPath = 85;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public RingFolder(string path) => Path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));

    /// <summary>Absolute.</summary>
    public string Path { get; }

    public string DescriptionFile => At("ring.json");

    public string KeyFile => At("cluster.key");

    /// <summary>An administrator's token of the board.</summary>
    public string TokenFile => At("token");

    public string LockFile => At(".lock");

    public string GuardLog => At("guard.log");

    public string HaproxyFolder => At("haproxy");

    public string HaproxyLog => System.IO.Path.Combine(HaproxyFolder, "haproxy.log");

    public ProcessFile HaproxyProcess => new(System.IO.Path.Combine(HaproxyFolder, "haproxy.pid"));

    /// <summary>HAProxy's runtime socket; in a folder with a short name if the ring's own is too long for a socket.</summary>
    public string HaproxySocket
    {
        get
        {
            var near = System.IO.Path.Combine(HaproxyFolder, "admin.sock");
            if (Encoding.UTF8.GetByteCount(near) <= LongestSocketPath) return near;
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path)))[..12];
            return System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"connect-{Environment.UserName}-{hash}", "admin.sock");
        }
    }

    public bool Exists => File.Exists(DescriptionFile);

    public NodeFolder Node(string name) => new(At(name));

    /// <summary>Makes the folder, readable by its owner only.</summary>
    public void Create() => Private(Path);

    /// <summary>Makes a folder that only its owner may enter.</summary>
    public static void Private(string folder)
    {
        Directory.CreateDirectory(folder, OwnerOnly);
        File.SetUnixFileMode(folder, OwnerOnly);
    }

    /// <summary>Deletes what a ring has put here, and the folder if nothing else is in it. Refuses a folder that holds no ring.</summary>
    public void Wipe()
    {
        if (!Directory.Exists(Path)) return;
        if (!Exists && Directory.EnumerateFileSystemEntries(Path).Any(entry => entry != LockFile && entry != GuardLog))
            throw new LocalRingException($"{Path} holds no ring (there is no ring.json in it), so nothing in it was deleted.");
        DeleteRing();
        File.Delete(LockFile);
        if (!Directory.EnumerateFileSystemEntries(Path).Any()) Directory.Delete(Path);
    }

    /// <summary>Deletes the ring, and leaves the folder and its lock.</summary>
    public void DeleteRing()
    {
        if (RingDescription.TryLoad(this) is { } ring)
        {
            foreach (var node in ring.Nodes) DeleteFolder(At(node.Name));
        }
        // What members that left for good have left behind (NodeDeparture).
        foreach (var left in Directory.EnumerateDirectories(Path, "n*.left")) DeleteFolder(left);
        DeleteFolder(HaproxyFolder);
        if (System.IO.Path.GetDirectoryName(HaproxySocket) is { } sockets && sockets != HaproxyFolder) DeleteFolder(sockets);
        foreach (var file in (string[])[KeyFile, ClusterKeyFile.LockOf(KeyFile), TokenFile, GuardLog, DescriptionFile]) File.Delete(file);
    }

    private static void DeleteFolder(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    private string At(string name) => System.IO.Path.Combine(Path, name);
}

/// <summary>Where everything of one node lies.</summary>
public sealed class NodeFolder(string path)
{
    public string Path => path;

    public string SettingsFile => At("node.json");

    public string AccountsFile => At("accounts.json");

    public string OptionFile => At("my.cnf");

    public string InitFile => At("init.sql");

    public string Data => At("data");

    /// <summary>Where a data folder that cannot be used is moved to.</summary>
    public string DamagedData => At("data.damaged");

    public string State => At("state");

    public string Log(NodePart part) => System.IO.Path.Combine(path, "log", Word(part) + ".log");

    public ProcessFile Process(NodePart part) => new(At(Word(part) + ".pid"));

    private static string Word(NodePart part) => part.ToString().ToLowerInvariant();

    private string At(string name) => System.IO.Path.Combine(path, name);
}

/// <summary>The three processes of a node.</summary>
public enum NodePart { Mysql, Daemon, Web }
