using System.CommandLine;
using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli;

/// <summary>Prints what a daemon said: as JSON if wanted, else for people.</summary>
internal static class Answer
{
    public static void Write(ParseResult parse, RingOptions options, JsonNode answer)
    {
        var output = parse.InvocationConfiguration.Output;
        if (options.Json(parse)) Terminal.WriteJson(output, answer);
        else JsonText.Write(output, Terminal.Of(output), answer);
    }
}
