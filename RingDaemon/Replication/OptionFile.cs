using System.Globalization;
using System.Text;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

/// <summary>What one server needs to be told at its start.</summary>
/// <param name="Binaries">Which server.</param>
/// <param name="DataFolder">Its data; the socket, the logs and the process id file are in it, with relative names.</param>
/// <param name="InitFile">SQL from <see cref="ServerSetup.InitSql"/>, run at every start.</param>
/// <param name="BindAddress">Where it listens.</param>
/// <param name="Port">Its port.</param>
/// <param name="ServerId">Unique for ever in the ring; a new one for every incarnation of the data.</param>
public sealed record ServerPlan(ServerBinaries Binaries, string DataFolder, string InitFile, string BindAddress, int Port, uint ServerId)
{
    /// <summary>InnoDB's cache in MiB. 128 suits a small machine; half of the memory suits a dedicated one.</summary>
    public int BufferPoolMiB { get; init; } = 128;

    /// <summary>The server's own statistics. They cost some 250 MB on MySQL; nothing here needs them.</summary>
    public bool PerformanceSchema { get; init; }

    /// <summary>Where the server writes its messages; null for <see cref="OptionFile.ErrorLog"/> in the data folder.</summary>
    public string? LogFile { get; init; }

    /// <summary>It takes writes from its start on. Only for a server that has no daemon: with one, the daemon opens it when it is known to be sound.</summary>
    public bool OpenFromStart { get; init; }

    /// <summary>Lines added at the end, for an operator's own wishes.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];
}

/// <summary>Writes a server's option file, each line with its reason.</summary>
public static class OptionFile
{
    /// <summary>The socket within the data folder. A relative name: a full path may be longer than the 107 bytes the kernel allows.</summary>
    public const string Socket = "server.sock";

    /// <summary>The error log within the data folder.</summary>
    public const string ErrorLog = "error.log";

    /// <summary>How long binary logs are kept, and so how long a node may be away and still catch up without a new seed: seven days.</summary>
    public static readonly TimeSpan BinaryLogsKept = TimeSpan.FromDays(7);

    /// <summary>
    /// Threads that apply what comes from the source. A node that was away would apply one transaction after the other with two flushes of the disk each, unless many share them.
    /// Measured on two cores with nothing else to do, posts a second: MariaDB 4,350 with 16 threads and 4,600 with 64; MySQL 1,000, 1,200, 1,800, 2,400 and 3,900 with 4, 8, 16, 32
    /// and 64. But 64 take 380 MB more, and when MySQL still wrote down the state of each at the start of replication (before GTID_ONLY) that took longer than a change of source may: 5.5 s,
    /// on a busy machine. So who was not away for long has fewer (<see cref="CatchUpAppliers"/>).
    /// </summary>
    public static int Appliers(Engine engine) => engine == Engine.MariaDB ? 32 : 16;

    /// <summary>
    /// The same for a MySQL that lacks much (<see cref="MySqlReplication.Much"/>): nobody waits for its start, and while all of its appliers are busy its coordinator asks again and
    /// again for a free one without ever sleeping. With 16, on two cores, that took a third of both.
    /// </summary>
    public const int CatchUpAppliers = 64;

    /// <summary>Writes the file and makes the folder for temporary tables that it names.</summary>
    public static void Write(ServerPlan plan, string path)
    {
        Directory.CreateDirectory(DataFolder.TemporaryFolder(plan.DataFolder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(path, Text(plan));
    }

    /// <summary>The server id that a file gives; null if there is none in it, or no file.</summary>
    public static uint? ServerIdIn(string path)
    {
        const string line = "server_id = ";
        var found = File.Exists(path) ? File.ReadLines(path).LastOrDefault(l => l.StartsWith(line, StringComparison.Ordinal)) : null;
        return uint.TryParse(found?[line.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }

    public static string Text(ServerPlan plan)
    {
        var text = new StringBuilder("# Written by Connect. Own wishes go into the settings, not here: this file is written anew.\n");
        text.Append(plan.Binaries.Engine == Engine.MariaDB ? "[mariadbd]\n" : "[mysqld]\n");
        Section("Where it lives");
        foreach (var (name, path) in plan.Binaries.Folders()) Line(name, path);
        Line("datadir", Path.GetFullPath(plan.DataFolder));
        Line("socket", Socket, "relative to datadir: full paths may exceed the kernel's 107 bytes");
        Line("tmpdir", DataFolder.TemporaryFolder(plan.DataFolder), "not /tmp: a MariaDB that starts deletes the temporary tables of every other one there");
        Line("pid_file", "server.pid");
        Line("log_error", plan.LogFile ?? ErrorLog);
        Line("init_file", Path.GetFullPath(plan.InitFile), "schema and accounts, at every start: a cloned folder comes with its donor's passwords");
        if (Environment.IsPrivilegedProcess) Line("user", "root", "the server refuses to run as root unless told so");
        Line("bind_address", plan.BindAddress);
        Line("port", plan.Port);
        if (plan.Binaries.Engine == Engine.MySQL)
        {
            Line("mysqlx", "OFF", "a second port that nothing uses");
            Line("secure_file_priv", "NULL", "no SQL reads or writes files");
            Line("plugin_load_add", "mysql_clone.so", "a newcomer copies a donor with it");
        }
        else
        {
            Line("secure_file_priv", Path.GetFullPath(plan.DataFolder), "SQL reads and writes no files elsewhere");
        }
        Line("local_infile", "OFF");
        if (!plan.OpenFromStart) Line("read_only", "ON", "until its daemon has seen that it is nobody's old copy: a write that was under way when it ended must not land on a wrong one");

        Section("Who it is");
        Line("server_id", plan.ServerId, "of this incarnation of the data; never used again after it");
        if (plan.Binaries.Engine == Engine.MariaDB) Line("gtid_domain_id", plan.ServerId, "every member numbers its transactions in a domain of its own");

        Section("What it writes down");
        Line("log_bin", "binlog");
        Line("binlog_format", "ROW", "statements could come to other results elsewhere", mariaDb: true);
        Line("binlog_row_image", "FULL", "whole rows can be applied again without harm");
        Line("sync_binlog", 1, "no transaction is seen by the successor and then lost here in a crash");
        Line("innodb_flush_log_at_trx_commit", 1, "what was acknowledged survives a crash");
        Line("binlog_expire_logs_seconds", (long)BinaryLogsKept.TotalSeconds, "how long a node may be away and still catch up by itself");
        Line("max_binlog_size", "64M", "logs are purged file by file");
        if (plan.Binaries.Engine == Engine.MariaDB)
        {
            Line("log_slave_updates", "ON", "the ring passes on what came from elsewhere");
            Line("binlog_annotate_row_events", "OFF", "the text of statements has no place in the log");
            Line("gtid_strict_mode", "OFF", "after a detour a source may be behind in one domain; strict mode would refuse its replica");
            Line("gtid_ignore_duplicates", "ON", "a transaction that comes around twice is executed once");
        }
        else
        {
            Line("log_replica_updates", "ON", "the ring passes on what came from elsewhere");
            Line("gtid_mode", "ON");
            Line("enforce_gtid_consistency", "ON");
        }

        Section("What it takes over");
        var replica = plan.Binaries.Engine == Engine.MariaDB ? "slave" : "replica";
        Line($"skip_{replica}_start", "ON", "the daemon decides the source, after looking at the ring");
        Line("relay_log", "relay");
        Line("relay_log_recovery", "ON", "a torn relay log is thrown away and fetched again");
        Line($"{replica}_exec_mode", "IDEMPOTENT", "a row that is already there is no error: rows are immutable and equal wherever they come from");
        // MySQL waits twice as long: while it reconnects to a frozen source, STOP REPLICA takes two seconds; the daemon leaves such a source before that.
        Line($"{replica}_net_timeout", plan.Binaries.Engine == Engine.MariaDB ? 4 : 8, "seconds of silence (heartbeats come every 0.5) after which the receiver reconnects");
        if (plan.Binaries.Engine == Engine.MariaDB)
        {
            Line("slave_parallel_threads", Appliers(plan.Binaries.Engine), "so many transactions are applied at a time and share one flush ...");
            Line("slave_parallel_mode", "optimistic", "... and are committed in the order of their origin");
            // One that runs ahead of the one whose row it changes would pass over the missing row in silence (IDEMPOTENT): whoever writes nothing but new rows says so (BoardWeb's WriteBatcher).
            Line("init_connect", "'SET SESSION skip_parallel_replication = ON'", "what a client writes is applied after all before it, unless that client says that it may be applied beside it");
            Line("master_retry_count", 0, "never give up reconnecting");
        }
        else
        {
            Line("replica_parallel_workers", Appliers(plan.Binaries.Engine), "so many transactions are applied at a time and share one flush ...");
            Line("replica_preserve_commit_order", "ON", "... but commit in the source's order");
        }

        Section("Who may connect");
        Line("skip_name_resolve", "ON", "a slow name server must not slow down a login");
        Line("max_connect_errors", uint.MaxValue, "health probes that only read the greeting must not get their host blocked");
        Line("max_connections", 100);
        Line("max_allowed_packet", "64M");
        if (plan.Binaries.Engine == Engine.MySQL) Line("require_secure_transport", "OFF", "on one machine; turn it on as soon as links leave it");

        Section("What it may use");
        Line("innodb_buffer_pool_size", $"{plan.BufferPoolMiB}M");
        Line(plan.Binaries.Engine == Engine.MariaDB ? "innodb_log_file_size" : "innodb_redo_log_capacity", plan.Binaries.Engine == Engine.MariaDB ? "48M" : "64M");
        Line("performance_schema", plan.PerformanceSchema ? "ON" : "OFF");
        Line("character_set_server", "utf8mb4");
        Line("collation_server", "utf8mb4_bin", "names are compared by their folded key, not by a collation that differs between engines");
        if (plan.Extra.Count > 0) Section("Own wishes");
        foreach (var extra in plan.Extra) text.Append(extra).Append('\n');
        return text.ToString();

        void Section(string title) => text.Append("\n# ").Append(title).Append('\n');

        void Line(string name, object value, string? why = null, bool mariaDb = false)
        {
            // MySQL 8.0.34 and later have no other binlog_format worth the name, and warn when it is set.
            if (mariaDb && plan.Binaries.Engine != Engine.MariaDB) return;
            if (why is not null) text.Append("# ").Append(why).Append('\n');
            text.Append(name).Append(" = ").Append(value).Append('\n');
        }
    }
}
