namespace Connect.RingDaemon.Daemon;

/// <summary>Where decisions are written down.</summary>
public interface IAudit
{
    /// <param name="action">What was done or tried, like <c>point at n1</c>.</param>
    /// <param name="evidence">Why, and the live state it was checked against.</param>
    /// <param name="outcome">What was read back afterwards.</param>
    void Add(string action, string evidence, string outcome);
}
