using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Ring;

/// <summary>
/// How many of all members one node sees, itself included. Two sides of a cut network see different members, and all of them together are counted alike on both: so at most one side
/// holds. Every member counts that has not left, dead ones too, and whatever its phase: what is counted is who is on this side, not who serves. A partition cannot change that
/// number; an operator can (<c>leave</c>, <c>forget</c>). Of two halves the one with the first member by name holds: a name never changes, a zone or a place may.
/// </summary>
/// <param name="Seen">Members that gossip does not believe dead; a suspect is not dead yet.</param>
/// <param name="Members">Everyone known who has not left.</param>
/// <param name="First">The first of them by name.</param>
/// <param name="SeesFirst">It is among those that are seen.</param>
public sealed record Quorum(int Seen, int Members, string First, bool SeesFirst)
{
    /// <summary>Before anybody is known.</summary>
    public static Quorum Alone { get; } = new(1, 1, "", true);

    /// <summary>This node is on the side that may write.</summary>
    public bool Holds => 2 * Seen > Members || (2 * Seen == Members && SeesFirst);

    public static Quorum Of(View view)
    {
        var members = view.Members.Where(m => m.Liveness != Liveness.Left).ToArray();
        if (members.Length == 0) return Alone;
        var first = members.MinBy(m => m.Name, StringComparer.Ordinal)!;
        return new(members.Count(m => m.Liveness != Liveness.Unreachable), members.Length, first.Name, first.Liveness != Liveness.Unreachable);
    }

    public override string ToString() => $"it sees {Seen} of {Members} members"
        + (2 * Seen != Members ? "" : SeesFirst ? $", {First} among them, who is the first by name" : $", and not {First}, who is the first by name");
}
