namespace Connect.BoardWeb.Writes;

/// <summary>
/// Whether this node may take writes at all. A node that is still catching up, is on its way out, or lost transactions it had sent must not: what it wrote could be
/// stranded, or be counted under a number that others have seen before and take for written.
/// </summary>
public interface IWriteGate
{
    /// <summary>Why no write is taken now, for people; null if writes are welcome.</summary>
    string? Closed { get; }

    /// <summary>Not for a moment only: this node sees too few of the others, and can be read until it sees more. For people; null if that is not so.</summary>
    string? WhyOnlyRead => null;
}
