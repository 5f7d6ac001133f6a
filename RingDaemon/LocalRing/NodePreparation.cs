using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Local;

/// <summary>Makes a node's folder ready to be started: files always, data only where there is none.</summary>
internal static class NodePreparation
{
    /// <param name="ring">The ring with the node in it.</param>
    /// <param name="node">Which one.</param>
    /// <param name="shared">Any member's accounts: the shared three are taken from it unless the node has its own file.</param>
    public static async Task RunAsync(RingFolder folder, RingDescription ring, RingNode node, ServerBinaries binaries, DatabaseAccounts shared,
        CancellationToken cancel)
    {
        var place = folder.Node(node.Name);
        RingFolder.Private(place.Path);
        var accounts = File.Exists(place.AccountsFile) ? DatabaseAccounts.Load(place.AccountsFile) : shared.ForNewcomer();
        NodeFiles.Write(folder, ring, node, binaries, accounts);
        if (DataCheck.Missing(ring.Engine, place.Data).Count == 0) return;
        SetAside(place);
        await DataTemplate.CopyToAsync(binaries, place.Data, cancel);
    }

    /// <summary>What is left of a damaged data folder is kept (the last one only): it may hold rows that nobody else has.</summary>
    private static void SetAside(NodeFolder place)
    {
        if (!Directory.Exists(place.Data)) return;
        if (Directory.Exists(place.DamagedData)) Directory.Delete(place.DamagedData, recursive: true);
        Directory.Move(place.Data, place.DamagedData);
    }
}
