using System.Xml.Linq;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Connect.Node.Security;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;

namespace Connect.BoardWeb.KeyRing;

/// <summary>
/// The keys that seal cookies and form tokens: rows that replicate, so that any node opens what any other sealed. The first one is made when
/// the ring is founded; nodes never make one, because another node would not know it in time.
/// <para>They are read ahead of need by <see cref="KeyRingReader"/>: the framework asks for them synchronously, in the middle of a request.
/// They are opened when they are read, not when the framework needs them, which may be days later: the cluster's key that sealed a row may be gone by then. After a
/// change of that key a key for cookies is in several rows, each sealed by another cluster key; the framework refuses to see one twice.</para>
/// </summary>
public sealed class KeyRingRepository(IClusterKeys cluster) : IXmlRepository
{
    private volatile Dictionary<string, XElement> _open = [];

    /// <summary>Takes over what the database holds. What was opened before and is still there stays open.</summary>
    /// <returns>How many keys no cluster key of this node opens.</returns>
    public int Replace(IReadOnlyList<string> rows)
    {
        var (before, open, closed) = (_open, new Dictionary<string, XElement>(), new HashSet<string>());
        foreach (var row in rows)
        {
            var element = XElement.Parse(row);
            var id = (string?)element.Attribute("id") ?? row;
            if (open.ContainsKey(id)) continue;
            if ((before.GetValueOrDefault(id) ?? Opened(element)) is { } plain) open[id] = plain;
            else closed.Add(id);
        }
        _open = open;
        return closed.Count(id => !open.ContainsKey(id));
    }

    public IReadOnlyCollection<XElement> GetAllElements() => [.. _open.Values.Select(e => new XElement(e))];

    public void StoreElement(XElement element, string friendlyName) =>
        throw new NotSupportedException("Nodes do not make keys. They are made when the ring is founded.");

    /// <summary>The row with its secret in clear: what the framework would make of it with <see cref="ClusterKeyDecryptor"/>.</summary>
    private XElement? Opened(XElement row)
    {
        foreach (var box in row.Descendants(ClusterSeal.Element).ToList())
        {
            if (ClusterSeal.TryOpen(cluster.Current.Keys, box) is not { } plain) return null;
            (box.Parent ?? box).ReplaceWith(plain);
        }
        return row;
    }
}

/// <summary>Reads the keys: every 250 ms until there is one that works, then once a minute.</summary>
public sealed class KeyRingReader(BoardDatabase database, KeyRingRepository repository, IDataProtectionProvider protection, ILogger<KeyRingReader> log)
    : BackgroundService
{
    private static readonly TimeSpan Eagerly = TimeSpan.FromMilliseconds(250), Calmly = TimeSpan.FromMinutes(1);

    private volatile bool _usable;

    /// <summary>There is a key, and it seals.</summary>
    public bool Usable => _usable;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await ReadAsync(stoppingToken);
                await Task.Delay(_usable ? Calmly : Eagerly, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        try
        {
            var keys = await database.ReadAsync(c => c.Query<string>("SELECT xml FROM data_protection_key ORDER BY id LIMIT 1000").ToList(), cancel);
            if (keys.Count == 0) return;
            var closed = repository.Replace(keys);
            if (closed > 0) log.LogWarning("{Count} keys for cookies and forms were sealed with a cluster key this node does not have", closed);
            if (_usable) return;
            protection.CreateProtector("connect/usable").Protect("x");
            _usable = true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.LogWarning("The keys for cookies and forms cannot be used yet: {Reason}", e.Message);
        }
    }
}

/// <summary>How Data Protection is set up on every node alike.</summary>
public static class KeyRingSetup
{
    public static void AddKeyRing(this IServiceCollection services)
    {
        services.AddSingleton<KeyRingRepository>();
        services.AddDataProtection().SetApplicationName("connect").DisableAutomaticKeyGeneration();
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(options =>
        {
            options.XmlRepository = provider.GetRequiredService<KeyRingRepository>();
            options.XmlEncryptor = new ClusterKeyEncryptor(provider);
        }));
        services.AddSingleton<KeyRingReader>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyRingReader>());
    }
}
