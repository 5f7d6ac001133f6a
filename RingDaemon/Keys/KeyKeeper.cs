using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Keys;

/// <summary>This node's key file: says what it holds, and changes it when another member, or this one, carries out a rotation.</summary>
public sealed class KeyKeeper(NodeSettings settings, ClusterKeyFile file, RingAgent agent, IAudit audit, TimeProvider time) : IDisposable
{
    private const int LargestBody = 8 << 10;

    /// <summary>A board asks twice a second; one that has been silent for so long has ended or hangs, and reads the file when it is back.</summary>
    private static readonly TimeSpan BoardIsThere = TimeSpan.FromSeconds(3);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    // Two purposes, so that what was shared can never be played back as a change.
    private readonly SealedPackets _changes = new(file, settings.Cluster, "key-change", LargestBody, time);
    private readonly SealedPackets _shares = new(file, settings.Cluster, "key-share", LargestBody, time);
    private volatile BoardWord? _board;

    public ClusterKeys Current => file.Current;

    /// <summary>What the own board said with a request (<see cref="BoardKeys"/>).</summary>
    public void BoardSaid(string? header)
    {
        if (BoardKeys.Read(header) is { } ids) _board = new(ids, time.GetTimestamp());
    }

    public KeyReport Report()
    {
        file.Refresh();
        var heard = _board is { } word && time.GetElapsedTime(word.At) <= BoardIsThere ? word.Ids : null;
        return new(settings.Name, [.. file.Current.Keys.Select(k => new HeldKey(k.Id, k.Made))], heard ?? (agent.Report.WebUp ? [] : null), file.Fault ?? file.WhyNotWritable());
    }

    /// <summary>A change for another member, sealed.</summary>
    public byte[] Seal(KeyChange change) => _changes.Seal(JsonSerializer.SerializeToUtf8Bytes(change, Json));

    /// <summary>Opens a change that another member sealed; false if it is not this cluster's, or not fresh.</summary>
    public bool TryOpen(byte[] body, [NotNullWhen(true)] out KeyChange? change) => TryOpen(_changes, body, out change);

    /// <summary>One key with its secret, sealed, for a member that goes on with somebody else's rotation; null if this node lacks it.</summary>
    public byte[]? Share(string id) => Find(id) is { } key ? _shares.Seal(JsonSerializer.SerializeToUtf8Bytes(new SharedKey(key.Secret, key.Made), Json)) : null;

    /// <summary>What <see cref="Share"/> of another member sealed; null if it cannot be opened.</summary>
    public ClusterKey? Shared(byte[] body) => TryOpen<SharedKey>(_shares, body, out var shared) ? new(shared.Secret, shared.Made) : null;

    /// <summary>Carries out a change, unless it was carried out already.</summary>
    /// <returns>False if the node holds other keys than expected: nothing was changed.</returns>
    /// <exception cref="IOException">The key file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    /// <exception cref="SettingsException">It cannot be used, or the change makes no sense.</exception>
    public bool Apply(KeyChange change)
    {
        var applied = false;
        file.Change(now =>
        {
            var ids = now.Keys.Select(k => k.Id).ToList();
            // In a local ring all daemons share one file: another one may have done it.
            if (applied = ids.SequenceEqual(change.Order)) return null;
            if (!ids.SequenceEqual(change.Expected)) return null;
            var known = now.Keys.ToDictionary(k => k.Id);
            if (change.Secret is { } secret && new ClusterKey(secret, change.Made) is var fresh) known.TryAdd(fresh.Id, fresh);
            var next = change.Order.Select(id => known.GetValueOrDefault(id) ?? throw new SettingsException($"{settings.Name} was told to hold the key {id} and does not know it.")).ToList();
            // Before it is done: a crash leaves a line too many rather than a change that nobody wrote down. Names of keys are no secret.
            audit.Add("change the cluster's keys", $"a rotation; held {string.Join(' ', ids)}", $"holds {string.Join(' ', change.Order)}");
            applied = true;
            return new(next);
        });
        return applied;
    }

    public ClusterKey? Find(string id) => file.Current.Keys.FirstOrDefault(k => k.Id == id);

    public void Dispose()
    {
        _changes.Dispose();
        _shares.Dispose();
    }

    private static bool TryOpen<T>(SealedPackets seal, byte[] body, [NotNullWhen(true)] out T? content) where T : class
    {
        content = null;
        if (!seal.TryOpen(body, out var opened)) return false;
        try
        {
            content = JsonSerializer.Deserialize<T>(opened, Json);
        }
        catch (JsonException)
        {
            seal.CountGarbage();
        }
        return content is not null;
    }

    private sealed record BoardWord(IReadOnlyList<string> Ids, long At);

    private sealed record SharedKey(byte[] Secret, DateTimeOffset? Made);
}
