using System.Globalization;
using System.Text;
using Connect.Node.Settings;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using Connect.RingDaemon.Presence;
using Connect.RingDaemon.Replication.Acknowledgement;

namespace Connect.RingDaemon.Daemon;

/// <summary>The daemon's figures as Prometheus text (exposition format 0.0.4), read when they are asked for.</summary>
public sealed class DaemonMetrics(NodeSettings settings, RingMembership membership, RingAgent agent, Acknowledgements acknowledgements, DecisionCounts counts, ContinuousCheck check, TableDigests digests, RetentionWatch retention, HereRelay here)
{
    public string Render()
    {
        var text = new StringBuilder();
        var report = agent.Report;
        var view = membership.Current;
        Gauge(text, "connect_serving", "1 if this node should get readers", report.Serving ? 1 : 0);
        Gauge(text, "connect_writable", "1 if this node's board may take posts", report.Writable ? 1 : 0);
        Gauge(text, "connect_sees_majority", "1 if this node sees a majority of the members that have not left", report.Quorum.Holds ? 1 : 0);
        Gauge(text, "connect_read_only", "1 if it takes no posts because it does not see a majority (minority: readonly)", report.ReadOnly is null ? 0 : 1);
        Gauge(text, "connect_mysql_up", "1 if this node's own server can be used", report.Condition.MysqlFault is null ? 1 : 0);
        Gauge(text, "connect_web_up", "1 if this node's own board answers", report.WebUp ? 1 : 0);
        Gauge(text, "connect_replication_running", "1 if both replication threads run", report.Replica.Running ? 1 : 0);
        if (report.Replica.LagSeconds is { } lag) Gauge(text, "connect_replication_lag_seconds", "How far the applier is behind", lag);
        Gauge(text, "connect_view_version", "Version of the membership view", view.Version);
        Header(text, "connect_members", "gauge", "Members by liveness, as seen here");
        foreach (var liveness in Enum.GetValues<Liveness>())
            Line(text, "connect_members", view.Members.Count(m => m.Liveness == liveness), $"liveness=\"{liveness.ToString().ToLowerInvariant()}\"");
        Gauge(text, "connect_links_broken", "Members whose servers this node cannot reach although they are well", view.Find(settings.Name)?.Facts.Unreached.Names.Length ?? 0);
        Gauge(text, "connect_acknowledgements_waiting", "Writes that wait for a copy", acknowledgements.Outstanding);
        Counter(text, "connect_source_changes_total", "Changes of this node's source that were made", counts.Changed);
        Counter(text, "connect_source_changes_refused_total", "Changes of source that live state forbade or that failed", counts.Refused);
        Counter(text, "connect_sources_passed_over_total", "Times a source was passed over because it had said that its logs no longer hold what this node lacks", counts.PassedOver);
        Header(text, "connect_logs_left_seconds", "gauge", "How long a member may be away, or stay away, before it needs rows instead of logs; absent if for ever or not known");
        foreach (var outlook in retention.Outlooks.Where(o => o.SecondsLeft is not null || o.Left == LogsLeft.None))
            Line(text, "connect_logs_left_seconds", outlook.Left == LogsLeft.None ? 0 : outlook.SecondsLeft!.Value, $"member=\"{outlook.Name}\",away=\"{(outlook.AwaySince is null ? 0 : 1)}\"");
        if (check.Last is { } compared)
        {
            Gauge(text, "connect_rows_differing", "Rows that differ from a neighbour's, at the least, as last compared", compared.Differing);
            Gauge(text, "connect_rows_compared_timestamp_seconds", "When rows were last compared with a neighbour's", compared.At.ToUnixTimeSeconds());
        }
        Counter(text, "connect_here_calls_total", "Calls with which other daemons were told who has topics open on this node's board", here.Calls);
        Counter(text, "connect_digest_rows_read_total", "Rows that were read to digest them", digests.RowsRead);
        if (digests.OldestRead is { } oldest) Gauge(text, "connect_digest_oldest_read_timestamp_seconds", "When the rows were read that were not read for the longest time", oldest.ToUnixTimeSeconds());
        if (membership.Stats is { } stats)
        {
            Packets(text, "udp", stats.Gossip, declare: true);
            Packets(text, "exchange", stats.Exchanges, declare: false);
            Counter(text, "connect_gossip_unsent_total", "Packets that could not be sent", stats.Unsent);
            Counter(text, "connect_gossip_inbox_dropped_total", "Inputs dropped because the queue was full", stats.InboxDropped);
            Counter(text, "connect_stalls_total", "Times this process did not run for half a second or more", stats.Stalls);
            Gauge(text, "connect_local_health", "Lifeguard's awareness score; 0 is healthy", stats.AwarenessScore);
        }
        Gauge(text, "process_resident_memory_bytes", "Resident memory", Environment.WorkingSet);
        Counter(text, "process_cpu_seconds_total", "Processor time used", Environment.CpuUsage.TotalTime.TotalSeconds);
        return text.ToString();
    }

    private void Packets(StringBuilder text, string channel, PacketStats p, bool declare)
    {
        if (declare) Header(text, "connect_gossip_packets_total", "counter", "Packets and bodies received, by what became of them; everything but 'opened' was dropped");
        foreach (var (fate, count) in new[] { ("opened", p.Opened), ("garbage", p.Garbage), ("wrong_key", p.WrongKey), ("replayed", p.Replayed), ("stale", p.Stale), ("too_large", p.TooLarge) })
            Line(text, "connect_gossip_packets_total", count, $"channel=\"{channel}\",fate=\"{fate}\"");
    }

    private void Gauge(StringBuilder text, string name, string help, double value)
    {
        Header(text, name, "gauge", help);
        Line(text, name, value);
    }

    private void Counter(StringBuilder text, string name, string help, double value)
    {
        Header(text, name, "counter", help);
        Line(text, name, value);
    }

    private static void Header(StringBuilder text, string name, string type, string help) => text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private void Line(StringBuilder text, string name, double value, string? labels = null) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}{{node=\"{settings.Name}\"{(labels is null ? "" : "," + labels)}}} {value}\n");
}

/// <summary>How often this node's source was changed, since the daemon started.</summary>
public sealed class DecisionCounts
{
    private long _changed;
    private long _refused;
    private long _passedOver;

    public long Changed => Interlocked.Read(ref _changed);

    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>A source was not asked, because its retention floor is above what this node has.</summary>
    public long PassedOver => Interlocked.Read(ref _passedOver);

    public void PassOver() => Interlocked.Increment(ref _passedOver);

    public void Count(bool changed) => Interlocked.Increment(ref changed ? ref _changed : ref _refused);
}
