using System.Diagnostics;
using System.Xml.Linq;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.KeyRing;
using Connect.BoardWeb.Metrics;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Presence;
using Connect.Node.Security;
using Connect.Node.Settings;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Logging.Abstractions;

namespace Connect.BoardWeb.Founding;

/// <summary>
/// Founds a ring: its name, the first key for cookies and forms, an administrator with a token, and a first channel, in one transaction.
/// Doing it again changes nothing.
/// </summary>
public static class Founder
{
    /// <summary>So long that nobody has to remember it; adding a newer key is a row more.</summary>
    private static readonly TimeSpan KeyLives = TimeSpan.FromDays(3650);

    /// <summary>How long a server that was just started may take to answer, and then its daemon to open it for writes. 30 s each.</summary>
    private static readonly TimeSpan ServerStarts = TimeSpan.FromSeconds(30);

    /// <returns>What was done, for people.</returns>
    /// <exception cref="SettingsException">The data belongs to another ring.</exception>
    /// <exception cref="DatabaseUnavailableException">The server did not answer.</exception>
    public static async Task<string> FoundAsync(NodeSettings settings, string tokenFile)
    {
        using var database = new BoardDatabase(settings);
        var ring = await RingNameAsync(database);
        if (ring == settings.Cluster) return $"The ring '{ring}' exists already; nothing was changed.";
        if (ring is not null) throw new SettingsException($"This server holds the ring '{ring}', the settings name '{settings.Cluster}'.");
        await OpenAsync(database);

        // The file comes first: a token in the database that nobody knows would be of no use, a file that nothing knows is written again.
        var token = ApiTokens.New();
        SecretFile.Write(tokenFile, token + "\n");
        var (name, xml) = NewKey(settings);
        var local = new NodeSettings { Posts = { Acknowledge = Acknowledgement.Local, BatchMilliseconds = 0 } };
        var writer = new WriteBatcher(database, new NoDaemon(), new OpenGate(), local, new Uuid7(TimeProvider.System), new BoardMetrics(), NullLogger<WriteBatcher>.Instance);
        await writer.StartAsync(default);
        try
        {
            await writer.WriteAsync(new(next =>
            {
                var account = next();
                return
                [
                    new NewAccount(account, "administrator", AccountName.KeyOf("administrator")),
                    new NewDecision(next(), account, Decidable.Role, Roles.Administrator, account, "founded the ring"),
                    new NewApiToken(next(), account, ApiTokens.HashOf(token), "founder", Unlimited: true),
                    new NewChannel(next(), account, "general", "General"),
                    new NewProtectionKey(next(), name, xml),
                    new NewRing(next(), settings.Cluster),
                ];
            }));
        }
        finally
        {
            await writer.StopAsync(default);
        }
        return $"The ring '{settings.Cluster}' is founded. The administrator's token is in {tokenFile}.";
    }

    /// <summary>A server that has just been started may be slow to answer for a while: it is asked until <see cref="ServerStarts"/> is over.</summary>
    private static async Task<string?> RingNameAsync(BoardDatabase database)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await database.ReadAsync(c => c.QueryFirstOrDefault<string>("SELECT name FROM ring ORDER BY id LIMIT 1"));
            }
            catch (DatabaseUnavailableException) when (Stopwatch.GetElapsedTime(began) < ServerStarts)
            {
                await Task.Delay(200);
            }
        }
    }

    /// <summary>A server begins closed for writes; its daemon opens it when it has looked for the other founders.</summary>
    private static async Task OpenAsync(BoardDatabase database)
    {
        var began = Stopwatch.GetTimestamp();
        while (await database.ReadAsync(c => c.ExecuteScalar<bool>("SELECT @@GLOBAL.read_only")))
        {
            if (Stopwatch.GetElapsedTime(began) > ServerStarts) throw new DatabaseUnavailableException("The server is read-only: no daemon has opened it. Start the node's daemon (connect daemon), and look into its log.");
            await Task.Delay(100);
        }
    }

    /// <summary>A first Data Protection key, sealed as every node can open it.</summary>
    private static (string Name, string Xml) NewKey(NodeSettings settings)
    {
        var kept = new Kept();
        var services = new ServiceCollection().AddLogging().AddSingleton<IClusterKeys>(ClusterKeys.Load(settings.Resolve(settings.KeyFile)));
        services.AddDataProtection().SetApplicationName("connect");
        services.AddOptions<KeyManagementOptions>().Configure<IServiceProvider>((options, provider) =>
            (options.XmlRepository, options.XmlEncryptor) = (kept, new ClusterKeyEncryptor(provider)));
        using var provider = services.BuildServiceProvider();
        var now = DateTimeOffset.UtcNow;
        // Active since yesterday: a node whose clock is behind must be able to use it as well.
        provider.GetRequiredService<IKeyManager>().CreateNewKey(now.AddDays(-1), now + KeyLives);
        return kept.Key ?? throw new InvalidOperationException("The framework made no key.");
    }

    private sealed class Kept : IXmlRepository
    {
        public (string Name, string Xml)? Key { get; private set; }

        public IReadOnlyCollection<XElement> GetAllElements() => [];

        public void StoreElement(XElement element, string friendlyName) => Key = (friendlyName, element.ToString(SaveOptions.DisableFormatting));
    }

    /// <summary>Nobody else writes yet, and no daemon could say whether one may.</summary>
    private sealed class OpenGate : IWriteGate
    {
        public string? Closed => null;
    }

    /// <summary>A ring that is being founded has no other members to ask about copies.</summary>
    private sealed class NoDaemon : IRingDaemonClient
    {
        public Task<Acknowledged> AckAsync(string position, Acknowledgement level, TimeSpan wait, CancellationToken cancel) =>
            Task.FromResult(new Acknowledged(true, 0, 0));

        public Task<HereAnswer> HereAsync(HereTold told, CancellationToken cancel) => throw new RingDaemonException("There is none.");

        public Task<NodeReport> NodeAsync(CancellationToken cancel) => throw new RingDaemonException("There is none.");

        public Task<RingReport> RingAsync(CancellationToken cancel) => throw new RingDaemonException("There is none.");

        public Task<AuditReport> AuditAsync(int limit, CancellationToken cancel) => throw new RingDaemonException("There is none.");
    }
}
