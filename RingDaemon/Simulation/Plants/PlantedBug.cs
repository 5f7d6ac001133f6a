using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Simulation.Plants;

/// <summary>
/// A bug that is put into a simulated ring on purpose, to see which checker finds it and how soon. It sits in options that no settings reach, or between the shipped code and
/// the simulated world.
/// </summary>
/// <param name="Name">Lower case with hyphens: what <c>simulate --plant</c> calls it.</param>
/// <param name="Breaks">What goes wrong with it.</param>
internal sealed record PlantedBug(string Name, string Breaks)
{
    public static PlantedBug None { get; } = new("none", "nothing");

    /// <summary>The rules of which one finds it.</summary>
    public IReadOnlyList<string> FoundBy { get; init; } = [];

    /// <summary>The first seed that finds it is at most so large.</summary>
    public int Within { get; init; }

    /// <summary>The stories that are drawn for it; null for the usual ones.</summary>
    public Func<ulong, Story>? Draw { get; init; }

    public Func<MembershipOptions, MembershipOptions> Membership { get; init; } = options => options;

    public Func<RingOptions, RingOptions> Ring { get; init; } = options => options;

    /// <summary>What the agent is told of the membership.</summary>
    public Func<View, string, View> Sees { get; init; } = (view, _) => view;

    /// <summary>How a node that catches up takes what others say of themselves.</summary>
    public Func<Member, Member> Trusts { get; init; } = member => member;

    /// <summary>A node that should catch up says at once that it has.</summary>
    public bool ServesAtOnce { get; init; }

    /// <summary>A node on its way out says at once that others hold everything.</summary>
    public bool LeavesAtOnce { get; init; }

    /// <summary>A source is not asked what it has purged.</summary>
    public bool IgnoresPurged { get; init; }

    /// <summary>A server that has fewer of its own transactions than it had is taken for sound: nobody remembers how far it was, and nobody else says so.</summary>
    public bool MissesLostTail { get; init; }

    /// <summary>A node that is put right keeps its rows to itself: what only it has is not saved elsewhere.</summary>
    public bool MendsUnsaved { get; init; }

    /// <summary>A server begins open for the board's writes, before its daemon has looked at it.</summary>
    public bool BeginsOpen { get; init; }

    /// <summary>A server that is asked whether it holds a post counts its relay log.</summary>
    public bool CountsReceived { get; init; }

    /// <summary>A replica begins with what its new source commits next, not with what it lacks.</summary>
    public bool BeginsAtTheEnd { get; init; }

    /// <summary>A replica executes what it knows again.</summary>
    public bool ExecutesDuplicates { get; init; }
}
