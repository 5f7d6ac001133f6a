using System.CommandLine;
using System.CommandLine.Help;
using Connect.Node.Settings;
using Connect.RingDaemon.Cli.Verbs;
using Connect.RingDaemon.Local;

namespace Connect.RingDaemon.Cli;

/// <summary>The verbs.</summary>
public static class CommandLine
{
    /// <summary>Runs one verb.</summary>
    /// <param name="args">As typed.</param>
    /// <param name="output">Where results go; standard output if null.</param>
    /// <param name="error">Where messages go; standard error if null.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter? output = null, TextWriter? error = null)
    {
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(2) };
        if (output is not null) configuration.Output = output;
        if (error is not null) configuration.Error = error;
        var parse = Create().Parse(args.Length == 0 ? ["--help"] : args);
        if (parse.Errors.Count > 0 && parse.Action is not HelpWithExamples)
        {
            foreach (var fault in parse.Errors) configuration.Error.WriteLine($"connect: {fault.Message}");
            var path = string.Join(' ', Path(parse.CommandResult.Command));
            configuration.Error.WriteLine($"'./connect {(path.Length > 0 ? path + " " : "")}--help' shows how it is used.");
            return ExitCodes.Usage;
        }
        try
        {
            return await parse.InvokeAsync(configuration);
        }
        catch (Exception e) when (Words(e) is { } words)
        {
            configuration.Error.WriteLine($"connect: {words}");
            return e is UsageException ? ExitCodes.Usage : ExitCodes.Failed;
        }
    }

    /// <summary>What an operator is told; null for a defect of ours, which shows its stack.</summary>
    private static string? Words(Exception e) => e switch
    {
        UsageException or LocalRingException or SettingsException or DaemonUnreachableException or DaemonRefusedException => e.Message,
        OperationCanceledException => "Interrupted.",
        UnauthorizedAccessException or IOException => e.Message,
        _ => null,
    };

    private static RootCommand Create()
    {
        var root = new RootCommand("Connect: a message board on a ring of database servers.")
        {
            UpVerb.Create(), DownVerb.Create(), KillVerb.Create(), StartVerb.Create(), RenewVerb.Create(), LogsVerb.Create(),
            StatusVerb.Create(), TopologyVerb.Create(), MembersVerb.Create(), ExplainVerb.Create(), AuditVerb.Create(),
            JoinVerb.Create(), LeaveVerb.Create(), ForgetVerb.Create(), RejoinVerb.Create(), MaintenanceVerb.Create(), ChecksumVerb.Create(), RepairVerb.Create(),
            ExportVerb.Create(), ImportVerb.Create(), TokenVerb.Create(), KeyVerb.Create(), TlsVerb.Create(), SimulateVerb.Create(), DaemonVerb.Create(),
        };
        foreach (var option in root.Options.OfType<HelpOption>()) option.Action = new HelpWithExamples((HelpAction)option.Action!);
        Examples.Add(root,
            ("./connect up", "a ring of three nodes at http://127.0.0.1:8080"),
            ("./connect status", "how it is"),
            ("./connect kill n2", "a crash of a whole machine"),
            ("./connect start n2", "bring it back"),
            ("./connect down --wipe", "stop it and delete everything"));
        return root;
    }

    private static IEnumerable<string> Path(Command command) =>
        command is RootCommand ? [] : [.. command.Parents.OfType<Command>().Take(1).SelectMany(Path), command.Name];
}
