using System.Diagnostics;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>Starts the three processes of a node. Each is independent of the others: any may come first, and any may be missing.</summary>
internal sealed class NodeProcesses(RingFolder folder, RingDescription ring, ServerBinaries binaries, Programs programs)
{
    // Nine .NET processes share a machine with three servers: small heaps, and no second compilation of what already runs well enough.
    private static readonly Dictionary<string, string> DotnetEnvironment = new()
    {
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_gcServer"] = "0",
        // The youngest generation is sized by the processor's cache, which is large on a server and shared by everybody here: 4 MiB (hexadecimal) are enough.
        ["DOTNET_GCgen0size"] = "400000",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_EnableDiagnostics"] = "0",
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
    };

    /// <summary>Exit code of the board's <c>found</c>: its server did not answer in time.</summary>
    private const int NotNow = 3;

    private static readonly TimeSpan ToFound = TimeSpan.FromSeconds(60), FoundAgainAfter = TimeSpan.FromSeconds(2);

    /// <summary>Starts one part of a node, unless it runs.</summary>
    public ProcessHandle Start(RingNode node, NodePart part)
    {
        var place = folder.Node(node.Name);
        var file = place.Process(part);
        if (ProcessHandle.Find(file) is { } running)
        {
            running.Identity.Send(Signal.Cont);
            return running;
        }
        if (part == NodePart.Mysql) DataFolder.ForgetSocket(place.Data);
        IReadOnlyList<string> command = part switch
        {
            NodePart.Mysql => [binaries.Start(place.OptionFile).Executable, .. binaries.Start(place.OptionFile).Arguments],
            NodePart.Daemon => ["dotnet", programs.Daemon, "daemon", "--settings", place.SettingsFile],
            _ => ["dotnet", programs.Board, "--settings", place.SettingsFile],
        };
        return ProcessHandle.Start(new([.. RingNetwork.CommandOn(ring, node), .. command], place.Log(part), folder.Path)
        {
            WorkingFolder = place.Path,
            Environment = part == NodePart.Mysql ? new Dictionary<string, string>() : DotnetEnvironment,
        }, file);
    }

    /// <summary>
    /// Makes what a ring needs once: keys of the board, its administrator, and the administrator's token. A server that has just been started on a busy machine may not answer in time:
    /// then it is done again, which changes nothing if it was done after all.
    /// </summary>
    public async Task FoundAsync(RingNode first, CancellationToken cancel)
    {
        var environment = new Dictionary<string, string>(DotnetEnvironment) { [ProcessTable.Mark] = folder.Path };
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(FoundAgainAfter, cancel))
        {
            var result = await Tool.RunAsync(
                ["dotnet", programs.Board, "found", "--settings", folder.Node(first.Name).SettingsFile, "--token-file", folder.TokenFile],
                TimeSpan.FromSeconds(60), cancel, environment);
            if (result.ExitCode == 0) return;
            if (result.ExitCode != NotNow || Stopwatch.GetElapsedTime(began) > ToFound) throw new LocalRingException($"The board could not be founded on {first.Name}:\n{result.Output.Trim()}");
        }
    }
}
