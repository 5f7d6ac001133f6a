namespace Connect.LoadTests.FalseBridges;

/// <summary>A pause of a node or of a part of it, and what the ring did about it. Times of the wall clock, which the audit logs use.</summary>
/// <param name="What"><c>node</c> (server, board and daemon at once), <c>mysql</c> or <c>daemon</c>.</param>
/// <param name="Meant">Length that was drawn, ms.</param>
/// <param name="Lasted">From the last stopping signal to the first waking one, ms, as it was: the machine may have been slow with the latter.</param>
/// <param name="WokenAt">When the first waking signal was sent.</param>
/// <param name="HealedSeconds">From waking until the ring was whole; null where it was not waited for.</param>
/// <param name="Changes">Decisions about sources from the pause's beginning until the next one's.</param>
public sealed record Pause(int Number, string What, string Node, double Meant, double Lasted, DateTimeOffset At, DateTimeOffset WokenAt, double? HealedSeconds, IReadOnlyList<SourceChange> Changes)
{
    /// <summary>Up to a second: nobody may notice.</summary>
    public bool IsShort => Lasted <= FalseBridgesOptions.Unnoticed.TotalMilliseconds;

    /// <summary>Changes of the others' sources that were decided while it lasted.</summary>
    public int AwayByOthers => Changes.Count(c => c.Made && c.Node != Node && c.DecidedAt < WokenAt);

    /// <summary>Changes of the others' sources that were decided after it.</summary>
    public int BackByOthers => Changes.Count(c => c.Made && c.Node != Node && c.DecidedAt >= WokenAt);

    /// <summary>Changes of the paused node's own source.</summary>
    public int Own => Changes.Count(c => c.Made && c.Node == Node);

    /// <summary>What was tried and refused, or failed.</summary>
    public int Attempts => Changes.Count(c => !c.Made);
}
