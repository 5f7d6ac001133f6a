using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Connect.RingDaemon.Cli;

/// <summary>Examples of each verb, shown in its help.</summary>
internal static class Examples
{
    private static readonly ConditionalWeakTable<Command, (string Line, string Does)[]> Known = [];

    public static Command Add(Command command, params (string Line, string Does)[] examples)
    {
        Known.AddOrUpdate(command, examples);
        return command;
    }

    public static (string Line, string Does)[] Of(Command command) => Known.TryGetValue(command, out var examples) ? examples : [];
}

/// <summary>The usual help, and the examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        using var text = new StringWriter();
        parseResult.InvocationConfiguration.Output = text;
        var result = usual.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        // People type ./connect; the library would name the program behind it.
        output.Write(text.ToString().Replace($"  {RootCommand.ExecutableName} ", "  ./connect ", StringComparison.Ordinal));
        var examples = Examples.Of(parseResult.CommandResult.Command);
        if (examples.Length == 0) return result;
        var width = examples.Max(e => e.Line.Length);
        output.WriteLine("Examples:");
        foreach (var (line, does) in examples) output.WriteLine($"  {line.PadRight(width)}  {does}");
        output.WriteLine();
        return result;
    }
}
