using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Tests.Replication;
using Dapper;

namespace Connect.RingDaemon.Tests.Foundation;

/// <summary>The deadlines of <see cref="Database"/>, against a real server and against one that never says a word.</summary>
public sealed class DatabaseTests(TestServers servers)
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Answers_errors_and_text_in_every_script_come_through_on_one_connection()
    {
        using var server = await servers.StartAsync(Engine.MariaDB);
        using var database = new Database(server, server.Accounts.Board, TestServer.Schema, tls: false, maxThreads: 1);
        var id = await database.RunAsync(c => c.ExecuteScalar<long>("SELECT CONNECTION_ID()"), Long);
        Assert.Equal("Grüße 🌍", await database.RunAsync(c => c.ExecuteScalar<string>("SELECT @text", new { text = "Grüße 🌍" }), Long));
        var error = await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => database.RunAsync(c => c.Execute("SELECT nonsense FROM post"), Long));
        Assert.Equal(1054, Database.ErrorNumber(error));
        Assert.Equal(id, await database.RunAsync(c => c.ExecuteScalar<long>("SELECT CONNECTION_ID()"), Long));

        // The caller's own fault is the caller's, but nobody else gets a connection that was left in the middle of something.
        await Assert.ThrowsAsync<FormatException>(() => database.RunAsync(c => int.Parse("x"), Long));
        await Assert.ThrowsAsync<TimeoutException>(() => database.RunAsync(c => throw new TimeoutException(), Long));
        id = await database.RunAsync(c => c.ExecuteScalar<long>("SELECT CONNECTION_ID()"), Long);

        await server.AdminAsync($"KILL {id}");
        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                return await database.RunAsync(c => c.ExecuteScalar<long>("SELECT CONNECTION_ID()"), Long) != id;
            }
            catch (DatabaseUnavailableException)
            {
                return false; // the one call that was on its way
            }
        }, Long);
    }

    [Fact]
    public async Task A_frozen_server_costs_its_threads_and_refuses_the_rest_in_time()
    {
        using var server = await servers.StartAsync(Engine.MariaDB);
        using var database = new Database(server, server.Accounts.Board, TestServer.Schema, tls: false, maxThreads: 2, driverSeconds: 1);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => database.RunAsync(c => c.ExecuteScalar<int>("SELECT 1"), Long)));
        server.Freeze();
        try
        {
            var since = Stopwatch.GetTimestamp();
            var refused = 0;
            await Task.WhenAll(Enumerable.Range(0, Database.MaxQueued + 50).Select(async _ =>
            {
                var failure = await Assert.ThrowsAsync<DatabaseUnavailableException>(() => database.RunAsync(c => c.ExecuteScalar<int>("SELECT 1"), TimeSpan.FromMilliseconds(300)));
                if (failure.Message.Contains("overloaded", StringComparison.Ordinal)) Interlocked.Increment(ref refused);
            }));
            Assert.True(refused > 0);
            Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(2));
        }
        finally
        {
            server.Thaw();
        }
        await Eventually.IsTrueAsync(async () =>
        {
            try
            {
                return await database.RunAsync(c => c.ExecuteScalar<int>("SELECT 1"), Long) == 1;
            }
            catch (DatabaseUnavailableException)
            {
                return false;
            }
        }, Long);
        Assert.InRange(database.Abandoned, 1, 4);
    }

    [Fact]
    public async Task A_server_that_accepts_and_says_nothing_is_given_up_in_time()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var database = new Database(new("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port), new("u", "p"), null, tls: false, maxThreads: 1, driverSeconds: 1);
        var since = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => database.RunAsync(c => c.ExecuteScalar<int>("SELECT 1"), TimeSpan.FromMilliseconds(200)));
        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(1));

        // The thread comes back by the driver's own time-out, so a longer deadline gets the driver's answer.
        var failure = await Assert.ThrowsAsync<DatabaseUnavailableException>(() => database.RunAsync(c => c.ExecuteScalar<int>("SELECT 1"), Long));
        Assert.NotNull(failure.InnerException);
        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(10));
    }

    /// <summary>In their order, each call would be answered when its caller is about to leave, and hardly anybody would get three answers in a row.</summary>
    [Fact]
    public async Task With_more_callers_than_can_be_answered_many_are_answered_nevertheless()
    {
        using var server = await servers.StartAsync(Engine.MariaDB);
        using var database = new Database(server, server.Accounts.Board, TestServer.Schema, tls: false, maxThreads: 2);
        const int Needed = 3;
        var (answers, served, patience) = (0, 0, TimeSpan.FromMilliseconds(400));
        var end = Stopwatch.GetTimestamp() + 4 * Stopwatch.Frequency;
        // 400 ms of two threads are 80 calls; there are five times as many callers, and whoever is refused tries again at once.
        await Task.WhenAll(Enumerable.Range(0, 400).Select(async _ =>
        {
            while (Stopwatch.GetTimestamp() < end)
            {
                try
                {
                    for (var i = 0; i < Needed; i++)
                    {
                        await database.RunAsync(c => { Thread.Sleep(10); Interlocked.Increment(ref answers); }, patience);
                    }
                    Interlocked.Increment(ref served);
                }
                catch (DatabaseUnavailableException)
                {
                }
            }
        }));
        Assert.True(answers > 100, $"{answers} answers: this machine is too slow to tell");
        Assert.True(served * Needed > answers / 2, $"{answers} answers, and {served} callers who got all {Needed} they needed");
    }

    [Fact]
    public async Task What_was_abandoned_before_it_began_never_runs_and_disposing_ends_what_waits()
    {
        using var server = await servers.StartAsync(Engine.MariaDB);
        var database = new Database(server, server.Accounts.Board, TestServer.Schema, tls: false, maxThreads: 1);
        using var go = new ManualResetEventSlim();
        var first = database.RunAsync(c => { go.Wait(Long); }, Long);
        var ran = false;
        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => database.RunAsync(c => { ran = true; }, TimeSpan.FromMilliseconds(50)));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => database.RunAsync(c => { ran = true; }, Long, cancel.Token));
        var waiting = database.RunAsync(c => { ran = true; }, Long);
        database.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        go.Set();
        await first;
        Assert.False(ran);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => database.RunAsync(c => { }, Long));
    }
}
