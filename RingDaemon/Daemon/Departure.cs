using System.Data.Common;
using Connect.Node.Database;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>How a node goes without taking along what only it knows.</summary>
public sealed class Departure(IReplicationServer own, Peers peers, IMembership membership, OperatorWishes wishes, IAudit audit)
{
    private static readonly TimeSpan OneLook = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);

    /// <summary>More than a call to the own server takes by itself: whatever becomes of it, the node has left.</summary>
    private static readonly TimeSpan LastStop = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when <see cref="LeaveAsync"/> is done, also if the own server refused the last stop.</summary>
    public Task Gone => _gone.Task;

    /// <summary>True if one other member has executed everything this server has; also when there is no other member to hold it.</summary>
    public Task<bool> IsHeldElsewhereAsync(IReadOnlyList<Member> others, CancellationToken cancel) => IsHeldElsewhereAsync(own, peers, others, cancel);

    /// <inheritdoc cref="IsHeldElsewhereAsync(IReadOnlyList{Member}, CancellationToken)"/>
    public static async Task<bool> IsHeldElsewhereAsync(IReplicationServer own, Peers peers, IReadOnlyList<Member> others, CancellationToken cancel)
    {
        if (others.Count == 0) return true;
        var position = await own.PositionAsync(cancel);
        var waits = others.Select(m => peers[m].WaitForAsync(position, OneLook, cancel)).ToArray();
        foreach (var wait in waits)
        {
            try
            {
                if ((await wait).Contains(position)) return true;
            }
            catch (Exception e) when (e is DatabaseUnavailableException or DbException)
            {
                // That one cannot say; the next one may.
            }
        }
        return false;
    }

    /// <summary>
    /// For good. It is written down first: a daemon that is started again in the middle of this must not enter the ring that it has said goodbye to.
    /// </summary>
    public async Task LeaveAsync()
    {
        wishes.Set(wishes.Current with { HasLeft = true });
        try
        {
            await membership.LeaveAsync(Goodbye);
            audit.Add("leave", "an operator's wish; another member holds all this node knew", $"left; {await StopReplicatingAsync()}");
        }
        finally
        {
            // It has left, whatever its own server said: nobody may wait for more.
            _gone.TrySetResult();
        }
    }

    /// <summary>The goodbye is said, and the ring goes on without this node: a server that does not obey any more keeps nobody, but an operator should know.</summary>
    private async Task<string> StopReplicatingAsync()
    {
        try
        {
            await own.StopAsync(CancellationToken.None).WaitAsync(LastStop);
            return "replication stopped";
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException or TimeoutException)
        {
            return $"its own server did not stop replicating ({e.Message}): stop that server";
        }
    }
}
