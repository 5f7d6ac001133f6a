using System.CommandLine;

namespace Connect.LoadTests.Cli;

internal static class CommandText
{
    /// <summary>The command as somebody would type it again.</summary>
    public static string Of(ParseResult parse) => "dotnet run --project loadtests -c Release -- " + string.Join(' ', parse.Tokens.Select(t => t.Value));
}
