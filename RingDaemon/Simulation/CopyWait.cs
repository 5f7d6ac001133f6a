using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication.Acknowledgement;
using Connect.RingDaemon.Simulation.Servers;

namespace Connect.RingDaemon.Simulation;

/// <summary>One post waits for its copies, by the rules of <see cref="Acknowledgements"/>, which runs on threads: the members that are alive now count, and who comes or goes meanwhile.</summary>
internal sealed class CopyWait(SimulatedRing ring, SimulatedDaemon node, GtidSet position, Acknowledgement level, Action satisfied)
{
    private static readonly TimeSpan AuthorWaits = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<string> _holders = new(StringComparer.Ordinal);
    private readonly HashSet<string> _followed = new(StringComparer.Ordinal);
    private readonly TimeSpan _until = ring.World.Now + AuthorWaits;
    private readonly int _life = node.Life;
    private bool _over;

    private IReadOnlyList<Member> Peers => node.UsablePeers;

    public void Begin()
    {
        if (level == Acknowledgement.Local) End();
        else if (Peers.Count > 0) Look(); // with nobody else alive nothing is promised
    }

    private void Look()
    {
        if (_over || ring.World.Now >= _until || node.Life != _life) return;
        if (node.Power == Power.On)
        {
            foreach (var peer in Peers) if (_followed.Add(peer.Name)) Follow(ring[peer.Name].Server);
            Judge();
        }
        ring.World.After(AckFollower.Slice, Look);
    }

    private async void Follow(SimulatedServer server)
    {
        while (!_over && ring.World.Now < _until)
        {
            try
            {
                if ((await node.WaitForAsync(server, position, AckFollower.Slice)).Contains(position))
                {
                    _holders.Add(server.Name);
                    Judge();
                    return;
                }
            }
            catch (DatabaseUnavailableException)
            {
                await Task.Delay(AskAgain, node.Time);
            }
        }
    }

    private void Judge()
    {
        if (_over || ring.World.Now >= _until || Peers.Count == 0) return; // a copy was promised: somebody must hold it
        var wanted = level == Acknowledgement.One ? 1 : Peers.Count;
        if (Peers.Count(p => _holders.Contains(p.Name)) >= wanted) End();
    }

    private void End()
    {
        _over = true;
        satisfied();
    }
}
