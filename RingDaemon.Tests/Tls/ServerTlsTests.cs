using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Tests.Replication;
using Dapper;

namespace Connect.RingDaemon.Tests.Tls;

/// <summary>Real servers of both engines with certificates: what is encrypted, and who is believed.</summary>
public sealed class ServerTlsTests(TestServers servers) : IDisposable
{
    private readonly Certificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(Engine.MySQL)]
    [InlineData(Engine.MariaDB)]
    public async Task Replication_and_questions_run_over_TLS_and_believe_the_clusters_authority_only(Engine engine)
    {
        var source = await servers.StartAsync(engine, Certificates.Server(_certificates.Good));
        var stranger = await servers.StartAsync(engine, Certificates.Server(_certificates.OfAnotherAuthority));
        var elsewhere = await servers.StartAsync(engine, Certificates.Server(_certificates.ForAnotherHost));
        var replica = await servers.StartAsync(engine);
        var tls = new ServerTls(true, _certificates.Good.Ca);
        // Nobody reads these binary logs in clear, whatever a replica believes it does.
        foreach (var server in new[] { source, stranger, elsewhere }) await server.AdminAsync($"ALTER USER '{server.Accounts.Replication.User}'@'%' REQUIRE SSL");

        await replica.Replication.PointAtAsync(source, source.Accounts.Replication, tls, TimeSpan.Zero);
        await source.WriteAsync(5);
        await Eventually.IsTrueAsync(async () => await replica.DigestAsync() == await source.DigestAsync(), TimeSpan.FromSeconds(10), replica.Log);
        var status = await replica.AdminRowAsync(engine == Engine.MariaDB ? "SHOW SLAVE STATUS" : "SHOW REPLICA STATUS");
        Assert.Equal("Yes", status[engine == Engine.MariaDB ? "Master_SSL_Allowed" : "Source_SSL_Allowed"]);
        Assert.Equal("Yes", status[engine == Engine.MariaDB ? "Master_SSL_Verify_Server_Cert" : "Source_SSL_Verify_Server_Cert"]);
        Assert.NotEmpty(await CipherAsync(source, tls));

        foreach (var wrong in new[] { stranger, elsewhere })
        {
            await Assert.ThrowsAsync<DatabaseUnavailableException>(() => CipherAsync(wrong, tls));
            await replica.Replication.PointAtAsync(wrong, source.Accounts.Replication, tls, TimeSpan.Zero);
            await Eventually.IsTrueAsync(async () => (await replica.Replication.StatusAsync()).LastError is { } error && error.Contains("SSL", StringComparison.OrdinalIgnoreCase), TimeSpan.FromSeconds(15), replica.Log);
            Assert.False((await replica.Replication.StatusAsync()).Receiving);
            // It is the certificate: who verifies nothing is let in.
            Assert.NotEmpty(await CipherAsync(wrong, true));
        }

        // The way back.
        await replica.Replication.PointAtAsync(source, source.Accounts.Replication, tls, TimeSpan.Zero);
        await Eventually.IsTrueAsync(async () => (await replica.Replication.StatusAsync()).Running, TimeSpan.FromSeconds(10), replica.Log);
    }

    [Theory]
    [InlineData(Engine.MySQL)]
    [InlineData(Engine.MariaDB)]
    public async Task A_newcomer_copies_over_TLS_and_from_nobody_else(Engine engine)
    {
        var donor = await servers.StartAsync(engine, Certificates.Server(_certificates.Good));
        var stranger = await servers.StartAsync(engine, Certificates.Server(_certificates.OfAnotherAuthority));
        // It speaks to its own server over TLS too.
        var newcomer = await servers.StartAsync(engine, Certificates.Server(_certificates.Good));
        foreach (var server in new[] { donor, stranger })
        {
            await server.WriteAsync(3);
            await server.AdminAsync($"ALTER USER '{server.Accounts.Seed.User}'@'%' REQUIRE SSL");
        }
        newcomer.Settings.Database.Tls = true;
        newcomer.Settings.Database.TlsCa = _certificates.Good.Ca;
        using var seeding = Seeding.For(newcomer.Settings, newcomer.Accounts);
        if (engine == Engine.MariaDB)
        {
            await Assert.ThrowsAsync<DatabaseUnavailableException>(() => seeding.SeedAsync(stranger, stranger.Accounts.Seed, TimeSpan.FromSeconds(20)));
            await seeding.SeedAsync(donor, donor.Accounts.Seed, TimeSpan.FromSeconds(60));
            Assert.Equal(await donor.DigestAsync(), await newcomer.DigestAsync());
            return;
        }
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => seeding.SeedAsync(stranger, stranger.Accounts.Seed, TimeSpan.FromSeconds(20)));
        Assert.False(newcomer.HasExited);
        await seeding.SeedAsync(donor, donor.Accounts.Seed, TimeSpan.FromSeconds(60));
        await newcomer.ExitedAsync(TimeSpan.FromSeconds(30));
        await newcomer.StartAsync();
        Assert.Equal(await donor.DigestAsync(), await newcomer.DigestAsync());
    }

    private static async Task<string> CipherAsync(TestServer server, ServerTls tls)
    {
        using var database = new Database(server.Address, server.Accounts.Peer, null, tls, maxThreads: 1);
        return await database.RunAsync(c => c.QuerySingle<(string Name, string Value)>("SHOW SESSION STATUS LIKE 'Ssl_cipher'").Value, TimeSpan.FromSeconds(10));
    }
}
