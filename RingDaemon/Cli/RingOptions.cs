using System.CommandLine;
using Connect.Node.Security;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli;

/// <summary>The options that say which ring is meant, and how the answer is written.</summary>
internal sealed class RingOptions
{
    private readonly Option<string?> _node = new("--node") { Description = "A daemon's address, like http://10.0.0.5:7081", HelpName = "URL" };
    private readonly Option<string?> _data = DataOption();
    private readonly Option<string?> _keyFile = new("--key-file") { Description = "The cluster's key file (default: DIR/cluster.key, or $CONNECT_KEY_FILE)", HelpName = "FILE" };
    private readonly Option<string?> _ca = new("--ca") { Description = "The authority of the daemons' certificates (default: ca.crt beside the key file, or $CONNECT_CA)", HelpName = "FILE" };
    private readonly Option<bool> _json = JsonOption();
    private readonly bool _withJson;

    private RingOptions(bool withJson) => _withJson = withJson;

    /// <summary>Adds the options to a verb.</summary>
    public static RingOptions AddTo(Command command, bool json = true)
    {
        var options = new RingOptions(json);
        command.Options.Add(options._node);
        command.Options.Add(options._data);
        command.Options.Add(options._keyFile);
        command.Options.Add(options._ca);
        if (json) command.Options.Add(options._json);
        return options;
    }

    public static Option<string?> DataOption() => new("--data") { Description = "Folder of a local ring (default: .ring in the checkout)", HelpName = "DIR" };

    public static Option<bool> JsonOption() => new("--json") { Description = "Print JSON" };

    public static Option<bool> DryRunOption() => new("--dry-run") { Description = "Say what would be done, and do nothing" };

    /// <summary>The folder that <c>--data</c> names, or the default one.</summary>
    public static RingFolder Folder(string? data) => new(data ?? DefaultFolder);

    public bool Json(ParseResult parse) => _withJson && parse.GetValue(_json);

    public string? Data(ParseResult parse) => parse.GetValue(_data);

    public bool NamesDaemon(ParseResult parse) => parse.GetValue(_node) is not null;

    public string? KeyFile(ParseResult parse) => parse.GetValue(_keyFile);

    /// <exception cref="UsageException">The options contradict each other, or do not say enough.</exception>
    public RingConnection Connect(ParseResult parse)
    {
        var (node, data, keyFile) = (parse.GetValue(_node), parse.GetValue(_data), parse.GetValue(_keyFile));
        if (node is not null && data is not null) throw new UsageException("--node and --data both say which ring is meant: use one of them.");
        if (node is not null && !(Uri.TryCreate(node, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
            throw new UsageException($"--node wants a daemon's address like http://10.0.0.5:7081, not '{node}'.");
        var folder = node is null ? Folder(data) : null;
        var ring = folder is null ? null : RingDescription.Load(folder);
        keyFile ??= Environment.GetEnvironmentVariable("CONNECT_KEY_FILE") is { Length: > 0 } named ? named : (folder ?? Folder(null)).KeyFile;
        if (!File.Exists(keyFile)) throw new UsageException($"There is no key file {keyFile}. Name the cluster's key with --key-file FILE.");
        var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(keyFile))!, "ca.crt");
        var ca = parse.GetValue(_ca) ?? (Environment.GetEnvironmentVariable("CONNECT_CA") is { Length: > 0 } told ? told : File.Exists(beside) ? beside : null);
        _ = ClusterKeys.Load(keyFile); // what is wrong with it is said before anything is done
        return new(folder, ring, [.. ring is null ? [node!] : ring.Nodes.Select(ring.DaemonUrl)], keyFile, ca);
    }

    private static string DefaultFolder => Path.Combine(Programs.Repository, ".ring");
}
