using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Convergence;

/// <summary>
/// A moment in the life of a table: what InnoDB's counters said and how many rows could be seen. Between two of them it can be told how many rows were modified,
/// by whomever and however, unless the counters began anew.
/// </summary>
/// <param name="Counters">The table's counters.</param>
/// <param name="ServerNow">The server's clock.</param>
/// <param name="Uptime">The server's age.</param>
/// <param name="Flushes">FLUSH commands so far.</param>
/// <param name="InFlight">Transactions that had modified rows which could not be seen yet.</param>
/// <param name="At">The daemon's monotonic clock.</param>
/// <param name="Rows">Rows that could be seen.</param>
public sealed record TableMark(TableCounters Counters, DateTime ServerNow, TimeSpan Uptime, long Flushes, long InFlight, TimeSpan At, long Rows)
{
    /// <summary>The server's times are whole seconds: what happened within this time of a mark may bear the same time as something before it.</summary>
    private static readonly TimeSpan Blur = TimeSpan.FromSeconds(2);

    /// <summary>How much the server's count of its age (whole seconds) and this machine's clock may differ.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromSeconds(3);

    /// <summary>How many rows were modified from this mark to a later one; null if the counters cannot tell.</summary>
    public long? ModificationsUntil(TableMark later)
    {
        var (before, after) = (Counters, later.Counters);
        if (!before.Initialised || !after.Initialised || before.TableId != after.TableId || Flushes != later.Flushes) return null;
        // A restart. A server that had just started when this mark was made could have started again unseen.
        if (Uptime <= ClockSlack || later.Uptime + ClockSlack < Uptime + (later.At - At)) return null;
        // New statistics set the counter to 0. Those made about when this mark was made could have been made once more in the same second.
        if (before.StatisticsAt is not { } made || after.StatisticsAt != made || ServerNow - made < Blur) return null;
        var modified = after.Modified - before.Modified;
        if (modified < 0) return null;
        // Written, but not counted: then the counter says nothing. (A change within the second of this mark does not show here; it does in the counter.)
        return modified == 0 && after.UpdatedAt is { } updated && updated != before.UpdatedAt && updated >= ServerNow ? null : modified;
    }

    /// <summary>The counters stand where they stood: nobody touched the table between the two.</summary>
    public bool SameAs(TableMark later) => ModificationsUntil(later) == 0;
}
