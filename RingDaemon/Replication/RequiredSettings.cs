using System.Data.Common;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>A server variable and what a ring needs it to be.</summary>
/// <param name="Variable">Its name, as in <c>SHOW GLOBAL VARIABLES</c>.</param>
/// <param name="Wanted">In words.</param>
/// <param name="IsRight">Judges the value; it is upper case, and other variables can be looked up.</param>
/// <param name="Why">What goes wrong otherwise, and the repair.</param>
internal sealed record RequiredSetting(string Variable, string Wanted, Func<string, IReadOnlyDictionary<string, string>, bool> IsRight, string Why)
{
    public RequiredSetting(string variable, string wanted, string why) : this(variable, wanted, (found, _) => found == wanted, why) { }
}

/// <summary>The settings without which a ring loses data, stalls, or cannot be repaired. <see cref="OptionFile"/> writes them all.</summary>
internal static class RequiredSettings
{
    private const string Restart = "set it in the option file and restart the server";

    private static readonly RequiredSetting[] Shared =
    [
        new("log_bin", "ON", $"the successor reads its writes from the binary log; {Restart}"),
        new("binlog_format", "ROW", "other formats run statements again and come to other results; SET GLOBAL binlog_format=ROW"),
        new("binlog_row_image", "FULL", "a partial row cannot be applied idempotently; SET GLOBAL binlog_row_image=FULL"),
        new("sync_binlog", "1", "after a crash the successor would have transactions that this server lost (rule 5 of the design); SET GLOBAL sync_binlog=1"),
        new("innodb_flush_log_at_trx_commit", "1", "an acknowledged post could be lost in a crash; SET GLOBAL innodb_flush_log_at_trx_commit=1"),
        new("server_id", "1 or more, unique in the ring", (found, _) => uint.TryParse(found, out var id) && id > 0,
            $"0 refuses every replica; {Restart}"),
        new("relay_log_recovery", "ON", $"after a crash a torn relay log would stop the applier; {Restart}"),
        new("general_log", "OFF", "it writes passwords of CHANGE ... statements into a file; SET GLOBAL general_log=OFF"),
    ];

    public static IReadOnlyList<RequiredSetting> MySql { get; } =
    [
        .. Shared,
        new("gtid_mode", "ON", $"without GTIDs nothing can be re-pointed safely; {Restart}"),
        new("enforce_gtid_consistency", "ON", $"statements that GTIDs cannot express must be refused; {Restart}"),
        new("log_replica_updates", "ON", $"the ring would end at this node; {Restart}"),
        new("replica_exec_mode", "IDEMPOTENT", "a row that is already there would stop replication; SET GLOBAL replica_exec_mode=IDEMPOTENT and restart the applier"),
        new("replica_preserve_commit_order", "ON", "parallel appliers would leave gaps in one origin's writes; STOP REPLICA; SET GLOBAL replica_preserve_commit_order=ON"),
        new("replica_net_timeout", "at most 10", AtMost(10), "a silent source would be noticed after a minute; SET GLOBAL replica_net_timeout=4"),
        new("super_read_only", "OFF", "the board could not write here; SET GLOBAL super_read_only=OFF"),
    ];

    public static IReadOnlyList<RequiredSetting> MariaDb { get; } =
    [
        .. Shared,
        new("log_slave_updates", "ON", $"the ring would end at this node; {Restart}"),
        new("gtid_domain_id", "the same as server_id", (found, all) => found == all.GetValueOrDefault("server_id"),
            "two nodes that write in one domain make numbers that hide each other's transactions; SET GLOBAL gtid_domain_id=@@server_id and reconnect every client"),
        new("gtid_ignore_duplicates", "ON", "what arrives twice would be executed twice; STOP SLAVE; SET GLOBAL gtid_ignore_duplicates=ON"),
        new("gtid_strict_mode", "OFF", "after a detour a source that is behind in one domain would refuse its replica; SET GLOBAL gtid_strict_mode=OFF"),
        new("slave_exec_mode", "IDEMPOTENT", "a row that is already there would stop replication; SET GLOBAL slave_exec_mode=IDEMPOTENT and restart the applier"),
        new("slave_net_timeout", "at most 10", AtMost(10), "a silent source would be noticed after a minute; SET GLOBAL slave_net_timeout=4"),
        new("slave_parallel_mode", "CONSERVATIVE or OPTIMISTIC", (found, _) => found is "CONSERVATIVE" or "OPTIMISTIC",
            "other modes do not keep the commit order of one origin, or do not apply in parallel; STOP SLAVE; SET GLOBAL slave_parallel_mode=conservative"),
        new("init_connect", "SET SESSION skip_parallel_replication = ON, if slave_parallel_mode is OPTIMISTIC",
            (found, all) => all.GetValueOrDefault("slave_parallel_mode") != "OPTIMISTIC" || found.Contains("SKIP_PARALLEL_REPLICATION", StringComparison.Ordinal),
            "a change that is applied ahead of the row that it changes would be lost in silence; SET GLOBAL init_connect='SET SESSION skip_parallel_replication = ON'"),
        new("rpl_semi_sync_master_enabled", "OFF", "writers would stall when the successor dies (measured); SET GLOBAL rpl_semi_sync_master_enabled=OFF"),
    ];

    /// <summary>A variable that the server does not have is a fault too, except where having none means off.</summary>
    public static IReadOnlyList<SettingFault> Check(DbConnection connection, IReadOnlyList<RequiredSetting> wanted)
    {
        var values = connection.Query<(string Name, string Value)>("SHOW GLOBAL VARIABLES").ToDictionary(v => v.Name, v => v.Value.ToUpperInvariant());
        return [.. wanted.Where(w => !w.IsRight(values.GetValueOrDefault(w.Variable, "OFF"), values))
            .Select(w => new SettingFault(w.Variable, values.GetValueOrDefault(w.Variable, "missing"), w.Wanted, w.Why))];
    }

    private static Func<string, IReadOnlyDictionary<string, string>, bool> AtMost(int seconds) => (found, _) => int.TryParse(found, out var value) && value <= seconds;
}
