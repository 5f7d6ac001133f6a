using System.Threading.Channels;

namespace Connect.RingDaemon.Membership;

/// <summary>Gossip as the rest of the daemon uses it.</summary>
public interface IMembership
{
    View Current { get; }

    /// <summary>Every new view, in order; a slow reader gets only the newest.</summary>
    ChannelReader<View> Views { get; }

    /// <summary>Everyone this node was told to expect (seeds, remembered members) has been heard of.</summary>
    bool Discovered { get; }

    /// <summary>What this node says of itself; nothing happens if it is what it said before.</summary>
    void SetFacts(MemberFacts facts);

    /// <summary>This node is certain that a member is gone: believed at once and told to all. The member can refute it.</summary>
    /// <param name="incarnation">Which incarnation the evidence is about; a newer one is not touched.</param>
    void HardEvidence(string member, ulong incarnation, string why);

    /// <summary>This node sees the member do something: a suspicion against it is pushed back, within bounds.</summary>
    void SignOfLife(string member);

    /// <summary>A member that will not come back counts as left. If it lives, it refutes.</summary>
    void Forget(string member);

    /// <summary>Says goodbye for good.</summary>
    Task LeaveAsync(TimeSpan deadline);
}
