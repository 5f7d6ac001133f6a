using System.CommandLine;
using System.Text.Json.Nodes;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;

namespace Connect.RingDaemon.Cli;

/// <summary>The options that say which board is meant, and as whom to speak to it.</summary>
internal sealed class BoardOptions
{
    private readonly Option<string?> _tokenFile = new("--token-file") { Description = "An administrator's token (default: DIR/token)", HelpName = "FILE" };
    private readonly Option<string?> _board = new("--board") { Description = "The board's address (default: the ring's)", HelpName = "URL" };
    private readonly RingOptions _ring;

    private BoardOptions(RingOptions ring) => _ring = ring;

    public static BoardOptions AddTo(Command command, RingOptions ring)
    {
        var options = new BoardOptions(ring);
        command.Options.Add(options._tokenFile);
        command.Options.Add(options._board);
        return options;
    }

    /// <summary>The board's address and the token.</summary>
    /// <exception cref="UsageException">The options do not say enough.</exception>
    public async Task<(string Url, string Token)> ReadAsync(ParseResult parse, CancellationToken cancel)
    {
        var file = parse.GetValue(_tokenFile) ?? (_ring.NamesDaemon(parse)
            ? throw new UsageException("Name a file with an administrator's token: --token-file FILE.") : RingOptions.Folder(_ring.Data(parse)).TokenFile);
        var url = parse.GetValue(_board);
        if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https")) throw new UsageException($"--board wants an address like http://127.0.0.1:8080, not '{url}'.");
        if (url is null)
        {
            var ring = _ring.Connect(parse);
            url = ring.Ring?.BoardUrl ?? RingReport.From(await ring.AskAnyAsync("/v1/status", cancel)).Board;
        }
        return (url, SecretFile.Read(file).Trim());
    }
}
