using System.Net;
using Connect.Node.Database;
using Microsoft.Extensions.Configuration;

namespace Connect.Node.Settings;

/// <summary>
/// Everything one node has to be told: one JSON file, with environment variables <c>CONNECT__Section__Key</c> on top.
/// <c>config/node.sample.json</c> shows and explains each of them. Relative paths start at the folder of the file.
/// </summary>
public sealed class NodeSettings
{
    /// <summary>The node's name: unique in the ring, at most 32 of a-z, 0-9 and '-'.</summary>
    public string Name { get; set; } = "";

    /// <summary>The ring's name. It is bound into every gossip packet, so packets of another cluster do not open.</summary>
    public string Cluster { get; set; } = "connect";

    /// <summary>Where the node stands (a rack, an availability zone). Neighbours in the ring share a zone where possible.</summary>
    public string Zone { get; set; } = "default";

    /// <summary>Position within the zone; members are ordered by zone, then place, then name.</summary>
    public int Place { get; set; }

    /// <summary>
    /// What this node does while it sees fewer than half of the members that have not left (or half of them, and not the first by name). <c>Writable</c>, the default: it goes on,
    /// and what was written on both sides is united when the network heals. <c>ReadOnly</c>: it takes no posts until it sees enough again, and can be read. The same on every node.
    /// </summary>
    public MinorityPolicy Minority { get; set; } = MinorityPolicy.Writable;

    /// <summary>Folder for what the daemon must remember (membership, identity, audit log). Made if missing.</summary>
    public string StateFolder { get; set; } = "state";

    /// <summary>
    /// File with the cluster's gossip keys, one base64 key of 32 bytes a line; the first one encrypts, all of them decrypt.
    /// Only its owner may read it.
    /// </summary>
    public string KeyFile { get; set; } = "cluster.key";

    public DatabaseSettings Database { get; set; } = new();

    public DaemonSettings Daemon { get; set; } = new();

    public TlsSettings Tls { get; set; } = new();

    public WebSettings Web { get; set; } = new();

    public LoadBalancerSettings LoadBalancer { get; set; } = new();

    public PostSettings Posts { get; set; } = new();

    public MailSettings Mail { get; set; } = new();

    public HookSettings Hooks { get; set; } = new();

    /// <summary>
    /// For so long a node must have been the first by name of those that it sees before it sends digests and webhooks, in seconds. 60: longer than it takes until all have heard of a failure.
    /// </summary>
    public int SenderSettleSeconds { get; set; } = 60;

    /// <summary>For tests only: seconds by which this node's programs believe the clock to be ahead (negative: behind), as on a machine whose clock is wrong. 0.</summary>
    public int ClockOffsetSeconds { get; set; }

    /// <summary>What this node's programs take for the time.</summary>
    public TimeProvider Clock => ClockOffsetSeconds == 0 ? TimeProvider.System : new ShiftedClock(TimeSpan.FromSeconds(ClockOffsetSeconds));

    /// <summary>The folder of the file these settings came from; relative paths start here.</summary>
    public string BaseFolder { get; private set; } = Environment.CurrentDirectory;

    /// <summary>Reads the file and the environment, and checks every value.</summary>
    /// <exception cref="SettingsException">The file is missing or unreadable, or at least one value is wrong; the message names each.</exception>
    public static NodeSettings Load(string path)
    {
        var full = Path.GetFullPath(path);
        if (!File.Exists(full))
            throw new SettingsException($"There is no settings file {full}. Copy config/node.sample.json there and fill it in.");
        var settings = new NodeSettings();
        try
        {
            new ConfigurationBuilder().AddJsonFile(full).AddEnvironmentVariables("CONNECT__").Build().Bind(settings);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or InvalidOperationException)
        {
            throw new SettingsException($"{full} cannot be read as settings: {e.InnerException?.Message ?? e.Message}", e);
        }
        settings.BaseFolder = Path.GetDirectoryName(full)!;
        settings.ResolveTls();
        var faults = settings.Faults().Concat(SecretsIn(full)).ToList();
        return faults.Count == 0 ? settings : throw new SettingsException($"{full}: {string.Join("; ", faults)}.");
    }

    /// <summary>A path from these settings, made absolute.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, BaseFolder);

    private IEnumerable<string> Faults()
    {
        if (Name.Length is 0 or > 32 || !Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            yield return "name must be 1 to 32 of a-z, 0-9 and '-'";
        if (Cluster.Length is 0 or > 64) yield return "cluster must be 1 to 64 characters";
        if (Zone.Length is 0 or > 32) yield return "zone must be 1 to 32 characters";
        if (!Enum.IsDefined(Minority)) yield return "minority must be writable or readonly";
        if (Database.Port is < 1 or > 65535) yield return "database:port must be 1 to 65535";
        if (Database.MaxConnections is < 2 or > 64) yield return "database:maxConnections must be 2 to 64";
        foreach (var fault in DaemonFaults()) yield return fault;
        if (!IsHttpUrl(Web.Url)) yield return "web:url must be an http address (TLS ends at the load balancer)";
        if (Daemon.LongestHoldDownSeconds is < 1 or > 86_400) yield return "daemon:longestHoldDownSeconds must be 1 to 86400";
        if (ClockOffsetSeconds is < -86_400 or > 86_400) yield return "clockOffsetSeconds must be -86400 to 86400";
        if (Daemon.CheckRowsPerSecond is < 0 or > 100_000) yield return "daemon:checkRowsPerSecond must be 0 to 100000";
        foreach (var fault in SignInSettings.Faults(Web.SignIn).Concat(Mail.Faults()).Concat(Hooks.Faults())) yield return fault;
        if (SenderSettleSeconds is < 0 or > 3600) yield return "senderSettleSeconds must be 0 to 3600";
        foreach (var peer in Daemon.Join.Where(j => !IsWebUrl(j))) yield return $"daemon:join has '{peer}', which is not an http or https address";
        if (Posts.BatchMilliseconds is < 0 or > 100) yield return "posts:batchMilliseconds must be 0 to 100";
        if (Posts.WaitMilliseconds is < 50 or > 30_000) yield return "posts:waitMilliseconds must be 50 to 30000";
        foreach (var fault in Posts.NewMembers.Faults()) yield return fault;
    }

    /// <summary>A secret in a file that others may read is none.</summary>
    private static IEnumerable<string> SecretsIn(string file) => new ConfigurationBuilder().AddJsonFile(file).Build().GetSection("web:signIn").GetChildren()
        .Where(entry => entry["clientSecret"] is { Length: > 0 })
        .Select(entry => $"web:signIn:{entry.Key} holds a clientSecret: put it into a file that clientSecretFile names, or into the environment as CONNECT__Web__SignIn__{entry.Key}__ClientSecret")
        .Concat(new ConfigurationBuilder().AddJsonFile(file).Build()["mail:password"] is { Length: > 0 }
            ? ["mail:password is in the file: put it into a file that mail:passwordFile names, or into the environment as CONNECT__Mail__Password"] : Array.Empty<string>());

    private IEnumerable<string> DaemonFaults()
    {
        if (!IsWebUrl(Daemon.Url))
        {
            yield return "daemon:url must be an http or https address";
            yield break;
        }
        if (Daemon.Listen.Length > 0 && !(IPEndPoint.TryParse(Daemon.Listen, out var listen) && listen.Port > 0)) yield return "daemon:listen must be an address and a port, like 0.0.0.0:7081";
        var https = new Uri(Daemon.Url).Scheme == Uri.UriSchemeHttps;
        if (https && (Tls.Ca.Length == 0 || Tls.Certificate.Length == 0 || Tls.Key.Length == 0))
            yield return "daemon:url is https, which needs tls:ca, tls:certificate and tls:key (connect tls init, connect tls issue)";
        if (!https && !Daemon.AllowPlainHttp && !(new Uri(Daemon.Url).IsLoopback && (Daemon.Listen.Length == 0 || !IPEndPoint.TryParse(Daemon.Listen, out var at) || IPAddress.IsLoopback(at.Address))))
        {
            yield return "daemon:url is plain http on an address that other machines reach: whoever listens learns the token that is good for everything. Use https with certificates "
                + "(connect tls init; docs/several-machines.md), or set daemon:allowPlainHttp to true where nobody else can listen, such as inside WireGuard";
        }
    }

    private void ResolveTls()
    {
        if (Tls.Ca.Length > 0) Tls.Ca = Resolve(Tls.Ca);
        if (Tls.Certificate.Length > 0) Tls.Certificate = Resolve(Tls.Certificate);
        if (Tls.Key.Length > 0) Tls.Key = Resolve(Tls.Key);
        Database.TlsCa = Database.TlsCa is { Length: > 0 } own ? Resolve(own) : Tls.Ca;
    }

    private static bool IsHttpUrl(string url) => Uri.TryCreate(url, UriKind.Absolute, out var u) && u.Scheme == "http";

    private static bool IsWebUrl(string url) => Uri.TryCreate(url, UriKind.Absolute, out var u) && u.Scheme is "http" or "https";
}

/// <summary>This node's own server.</summary>
public sealed class DatabaseSettings
{
    public Engine Engine { get; set; } = Engine.MariaDB;

    /// <summary>The address under which this node <em>and its peers</em> reach the server.</summary>
    public string Host { get; set; } = "127.0.0.1";

    public int Port { get; set; } = 3306;

    /// <summary>Schema of the board.</summary>
    public string Schema { get; set; } = "connect";

    /// <summary>The server's data folder, if it is on this machine: the daemon watches its free space.</summary>
    public string? DataFolder { get; set; }

    /// <summary>Below this many free bytes in <see cref="DataFolder"/> the node leaves ring and load balancer. 64 MiB by default.</summary>
    public long MinFreeBytes { get; set; } = 64L << 20;

    /// <summary>
    /// File with this node's database accounts and the ring's shared ones, as <see cref="DatabaseAccounts"/> reads it.
    /// Only its owner may read it.
    /// </summary>
    public string AccountsFile { get; set; } = "accounts.json";

    /// <summary>
    /// A program and its arguments that restart the server under a new identity (server_id, gtid_domain_id; on MySQL also a new server_uuid). The daemon runs it when the server's
    /// identity must be retired, and offers an unused id in the environment variable <c>CONNECT_SERVER_ID</c>. Empty: an operator has to do it, and is told so.
    /// </summary>
    public string[] RenewCommand { get; set; } = [];

    /// <summary>Connections, and threads that use them, of one program. 8 by default.</summary>
    public int MaxConnections { get; set; } = 8;

    /// <summary>
    /// Encrypt connections to the servers, replication included. Needed as soon as they leave the machine. With <see cref="TlsCa"/> a server must also prove that it is the one
    /// that was called; without it anybody is believed.
    /// </summary>
    public bool Tls { get; set; }

    /// <summary>
    /// The authority (PEM) that signs the servers' certificates; <see cref="TlsSettings.Ca"/> if it is not said. The servers read it too: they verify their sources.
    /// </summary>
    public string? TlsCa { get; set; }

    public ServerTls ServerTls() => new(Tls, Tls && TlsCa is { Length: > 0 } ca ? ca : null);
}

/// <summary>What a node on the smaller side of a partition does with posts: takes them, or not.</summary>
public enum MinorityPolicy { Writable, ReadOnly }

/// <summary>Which dialect the server speaks.</summary>
public enum Engine { MySQL, MariaDB }

public sealed class DaemonSettings
{
    /// <summary>
    /// Where the daemon's HTTP API is reached by the others, and listens unless <see cref="Listen"/> says otherwise; the same port number carries gossip over UDP.
    /// On an address that other machines reach it must be https (<see cref="NodeSettings.Tls"/>), or <see cref="AllowPlainHttp"/> must be set.
    /// </summary>
    public string Url { get; set; } = "http://127.0.0.1:7081";

    /// <summary>
    /// <c>ADDRESS:PORT</c> to listen on, HTTP and gossip, when that is not the host of <see cref="Url"/>: a name, an address of the translation in front of the machine (EC2's public
    /// ones), or every interface (<c>0.0.0.0:7081</c>). Empty by default.
    /// </summary>
    public string Listen { get; set; } = "";

    /// <summary>
    /// True speaks plain HTTP on addresses that other machines reach. Whoever listens there learns the token that is good for everything: only where the network itself is sealed.
    /// False by default.
    /// </summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>The one address that HTTP and gossip listen on.</summary>
    /// <exception cref="SettingsException">It is a name: which of this machine's addresses is meant must be said.</exception>
    public IPEndPoint ListenAt()
    {
        if (Listen.Length > 0) return IPEndPoint.Parse(Listen);
        var url = new Uri(Url);
        if (url.Host == "localhost") return new(IPAddress.Loopback, url.Port);
        return IPAddress.TryParse(url.IdnHost, out var address) ? new(address, url.Port)
            : throw new SettingsException($"daemon:url names {url.Host}; say with daemon:listen which address of this machine to listen on, like 0.0.0.0:{url.Port}.");
    }

    /// <summary>Daemon addresses of members to find the ring by; any one of them is enough. Later the remembered members are tried as well.</summary>
    public string[] Join { get; set; } = [];

    /// <summary>
    /// True on the nodes a ring is founded with: they start from nothing, together. Any other node with an empty server asks a member to be let in and copies
    /// the ring's data first. False by default.
    /// </summary>
    public bool Founder { get; set; }

    /// <summary>
    /// A member that failed is used again one second after it is back, and twice as long after each further failure within ten minutes, up to this many seconds.
    /// 300 by default.
    /// </summary>
    public int LongestHoldDownSeconds { get; set; } = 300;

    /// <summary>
    /// Rows whose content the daemon reads again each second, in rotation, to find what was changed behind everybody's back; 0: it neither reads nor compares by itself.
    /// 200 by default: a million rows in an hour and a half, for less than a thousandth of a core.
    /// </summary>
    public int CheckRowsPerSecond { get; set; } = 200;

    /// <summary>When the daemon finds by itself that this node lacks rows that another one has, it fetches them. False by default: it says so, and an operator decides.</summary>
    public bool RepairByItself { get; set; }
}

public sealed class WebSettings
{
    /// <summary>Where the board listens and is reached.</summary>
    public string Url { get; set; } = "http://127.0.0.1:8081";

    /// <summary>What people type: the load balancer's address.</summary>
    public string PublicUrl { get; set; } = "";

    /// <summary>Where links lead that stand outside the board's pages, without a slash at the end: <see cref="PublicUrl"/>, or this node where there is none.</summary>
    public string LinksBegin => (PublicUrl.Length > 0 ? PublicUrl : Url).TrimEnd('/');

    /// <summary>The board's own index for its search: a file that the board may write, made if missing, and made anew from the database if it is deleted.</summary>
    public string SearchFile { get; set; } = "search.db";

    /// <summary>The language for whoever has chosen none and whose browser asks for none that the board speaks: <c>en</c> or <c>de</c> (docs/languages.md). <c>en</c> by default.</summary>
    public string Language { get; set; } = "en";

    /// <summary>A topic's page says who has it open (docs/attention.md). True by default.</summary>
    public bool ShowReaders { get; set; } = true;

    /// <summary>Other sites that people may sign in with, besides a name and a password. None by default; the same on every node.</summary>
    public SignInSettings[] SignIn { get; set; } = [];
}

public sealed class LoadBalancerSettings
{
    /// <summary><c>haproxy</c>, or <c>none</c>.</summary>
    public string Kind { get; set; } = "none";

    /// <summary>HAProxy's runtime socket (a path).</summary>
    public string Socket { get; set; } = "";

    /// <summary>The backend that holds the boards.</summary>
    public string Backend { get; set; } = "boards";
}

public sealed class PostSettings
{
    /// <summary>How many other nodes must hold a post before its author is told it is saved.</summary>
    public Acknowledgement Acknowledge { get; set; } = Acknowledgement.One;

    /// <summary>How long to wait for those copies, in milliseconds; after that the post is kept and the answer says a copy is pending. 2000.</summary>
    public int WaitMilliseconds { get; set; } = 2000;

    /// <summary>How long a batch collects writes before it is committed, in milliseconds. 2.</summary>
    public int BatchMilliseconds { get; set; } = 2;

    public NewMemberSettings NewMembers { get; set; } = new();
}

/// <summary>What those may who have just signed up. The same on every node; with neither days nor posts there is nothing of it.</summary>
public sealed class NewMemberSettings
{
    /// <summary>For how many days after signing up somebody is new. 0 to 365; 0: days do not matter.</summary>
    public int Days { get; set; }

    /// <summary>Until how many posts of theirs stand on the board somebody is new. 0 to 1000; 0: posts do not matter.</summary>
    public int Posts { get; set; }

    /// <summary>Posts an hour, as each node counts for itself. 1 to 1000.</summary>
    public int PostsPerHour { get; set; } = 10;

    /// <summary>Links in a post, pictures from elsewhere included. 0 to 1000.</summary>
    public int Links { get; set; } = 2;

    /// <summary>People that a post names with an @. 0 to 10, which is as many as a post can name.</summary>
    public int Mentions { get; set; } = 3;

    /// <summary>They may send pictures and files.</summary>
    public bool Files { get; set; }

    /// <summary>Until so many posts of somebody's stand on the board each further one waits for a moderator, whatever days and posts say. 0 to 1000; 0: none waits.</summary>
    public int Wait { get; set; }

    /// <summary>What is wrong with them, if anything.</summary>
    public IEnumerable<string> Faults()
    {
        if (Days is < 0 or > 365) yield return "posts:newMembers:days must be 0 to 365";
        if (Posts is < 0 or > 1000) yield return "posts:newMembers:posts must be 0 to 1000";
        if (PostsPerHour is < 1 or > 1000) yield return "posts:newMembers:postsPerHour must be 1 to 1000";
        if (Links is < 0 or > 1000) yield return "posts:newMembers:links must be 0 to 1000";
        if (Mentions is < 0 or > 10) yield return "posts:newMembers:mentions must be 0 to 10";
        if (Wait is < 0 or > 1000) yield return "posts:newMembers:wait must be 0 to 1000";
    }
}

/// <summary>How many <em>other</em> nodes must hold a write: none, at least one, or every member that is alive.</summary>
public enum Acknowledgement { Local, One, All }

/// <summary>Settings that cannot be used; the message tells an operator what to change.</summary>
public sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
