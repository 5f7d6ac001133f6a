using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Health;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// What this node knows of its own MySQL: three witnesses (a look at its port, a question in SQL, the free space of its disk), one verdict.
/// </summary>
public sealed class OwnServerWatch(IReplicationServer server, DatabaseSettings settings, TimeProvider time)
{
    /// <summary>SQL that goes unanswered for this long, while the port still greets, makes the server unusable.</summary>
    private static readonly TimeSpan SqlMayBeSilent = TimeSpan.FromSeconds(3);

    /// <summary>A look runs beside the loop that says what was found and what was changed.</summary>
    private readonly Lock _gate = new();

    /// <summary>Logs are purged a few times a day, and whoever relies on what was said of them asks the server all the same.</summary>
    private static readonly TimeSpan LogsMayBeOld = TimeSpan.FromSeconds(5);

    private Finding _port = Finding.Unknown;
    private int _life;
    private long _lastSql = time.GetTimestamp();
    private long _logsReadAt;
    private string? _sqlFault = "not asked yet";
    private string? _settingsFault;
    private bool _identityIsOld = true;

    public IReplicationServer Server => server;

    /// <summary>Null until the server was up for the first time, and after <see cref="Changed"/> until it was asked again.</summary>
    public ServerIdentity? Identity { get; private set; }

    public ReplicaStatus Replica { get; private set; } = ReplicaStatus.None;

    /// <summary>What its binary logs no longer hold; null while that is not known.</summary>
    public OwnLogs? Logs { get; private set; }

    /// <summary>Wrong settings, each with its fix; empty when all is well.</summary>
    public IReadOnlyList<SettingFault> SettingFaults { get; private set; } = [];

    /// <summary>Why it cannot be used; null if it can.</summary>
    public string? Fault { get; private set; } = "not looked at yet";

    /// <summary>What the watch on its port found.</summary>
    public void Found(Finding finding)
    {
        lock (_gate)
        {
            _port = finding;
            // Whoever answers next may be another incarnation: nothing that was learnt before holds for it.
            if (finding != Finding.Up) Forget("it returned and was not asked yet");
            Judge();
        }
    }

    /// <summary>Its identity or its position was changed on purpose: nothing that was learnt before holds.</summary>
    public void Changed()
    {
        lock (_gate)
        {
            (Identity, Logs) = (null, null);
            Forget("it was changed and not asked since");
            Judge();
        }
    }

    /// <summary>Asks it in SQL; never throws for what the server does.</summary>
    public async Task LookAsync(CancellationToken cancel)
    {
        int life;
        bool identityIsOld;
        lock (_gate)
        {
            Judge();
            if (_port is Finding.Refused or Finding.Silent) return;
            (life, identityIsOld) = (_life, _identityIsOld);
        }
        try
        {
            var identity = identityIsOld ? await server.IdentityAsync(cancel) : null;
            var settingFaults = identityIsOld ? await server.CheckSettingsAsync(cancel) : null;
            var replica = await server.StatusAsync(cancel);
            // After a change they may be another server's.
            var readLogs = identityIsOld || Logs is null || time.GetElapsedTime(_logsReadAt) > LogsMayBeOld;
            var logs = readLogs ? await LogsAsync(cancel) : null;
            lock (_gate)
            {
                if (life != _life) return; // it was changed, or gone, while it was asked: some of these answers are of before
                if (identity is not null) (Identity, SettingFaults, _identityIsOld) = (identity, settingFaults!, false);
                if (readLogs) (Logs, _logsReadAt) = (logs, time.GetTimestamp());
                _settingsFault = SettingFaults.Count == 0 ? null : string.Join("; ", SettingFaults);
                (Replica, _lastSql, _sqlFault) = (replica, time.GetTimestamp(), null);
                Judge();
            }
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException)
        {
            lock (_gate)
            {
                if (life != _life) return;
                if (Identity is null || time.GetElapsedTime(_lastSql) > SqlMayBeSilent) _sqlFault = $"it does not answer SQL: {e.Message}";
                Judge();
            }
        }
    }

    private void Forget(string why)
    {
        _life++;
        (_identityIsOld, _sqlFault) = (true, why);
    }

    /// <summary>A server that cannot tell is no worse for it: the others ask it.</summary>
    private async Task<OwnLogs?> LogsAsync(CancellationToken cancel)
    {
        try
        {
            return await server.LogsAsync(cancel);
        }
        catch (DbException)
        {
            return null;
        }
    }

    private void Judge()
    {
        var disk = DiskWatch.Fault(settings.DataFolder, settings.MinFreeBytes);
        // A full disk may be why it is gone: MySQL ends itself when it cannot write its log.
        Fault = _port switch
        {
            Finding.Refused => disk is null ? "it refuses connections" : $"it refuses connections, and {disk}",
            Finding.Silent => disk is null ? "it is silent" : $"it is silent, and {disk}",
            _ => disk ?? _sqlFault ?? _settingsFault,
        };
    }
}
