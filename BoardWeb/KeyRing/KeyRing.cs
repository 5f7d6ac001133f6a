using System.Xml.Linq;
using Connect.BoardWeb.Storage;
using Connect.Node.Database;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;

namespace Connect.BoardWeb.KeyRing;

/// <summary>
/// The keys that seal cookies and form tokens: rows that replicate, so that any node opens what any other sealed. The first one is made when
/// the ring is founded; nodes never make one, because another node would not know it in time.
/// <para>They are read ahead of need by <see cref="KeyRingReader"/>: the framework asks for them synchronously, in the middle of a request.</para>
/// </summary>
public sealed class KeyRingRepository : IXmlRepository
{
    private volatile IReadOnlyList<string> _keys = [];

    public bool IsEmpty => _keys.Count == 0;

    public void Replace(IReadOnlyList<string> keys) => _keys = keys;

    public IReadOnlyCollection<XElement> GetAllElements() => [.. _keys.Select(k => XElement.Parse(k))];

    public void StoreElement(XElement element, string friendlyName) =>
        throw new NotSupportedException("Nodes do not make keys. They are made when the ring is founded.");
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
            repository.Replace(keys);
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
