using Connect.Node.Settings;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.Health;

namespace Connect.RingDaemon.Tests.Daemon;

public sealed class OwnServerWatchTests
{
    private readonly FakeServer _server = new();
    private readonly OwnServerWatch _watch;

    public OwnServerWatchTests() => _watch = new(_server, new DatabaseSettings(), TimeProvider.System);

    /// <summary>It was asked who it is, then it was put right, then that answer was noted and nobody asked again: the node stayed joining for ever.</summary>
    [Theory]
    [InlineData("identity")]
    [InlineData("settings")]
    [InlineData("status")]
    public async Task A_server_that_is_changed_while_it_is_asked_is_asked_again(string during)
    {
        await ChangedDuringAsync(during, _watch.Changed);
        Assert.Null(_watch.Identity);
        Assert.NotNull(_watch.Fault);
        await _watch.LookAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2u, _watch.Identity?.ServerId);
        Assert.Null(_watch.Fault);
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("settings")]
    [InlineData("status")]
    public async Task A_server_that_was_gone_for_a_moment_while_it_was_asked_is_asked_again_who_it_is(string during)
    {
        await ChangedDuringAsync(during, () =>
        {
            _watch.Found(Finding.Refused);
            _watch.Found(Finding.Up);
        });
        Assert.NotNull(_watch.Fault);
        await _watch.LookAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2u, _watch.Identity?.ServerId);
    }

    private async Task ChangedDuringAsync(string question, Action change)
    {
        _server.Asked = asked =>
        {
            if (asked != question) return Task.CompletedTask;
            change();
            return Task.CompletedTask;
        };
        await _watch.LookAsync(TestContext.Current.CancellationToken);
        _server.Asked = _ => Task.CompletedTask;
        _server.Identity = _server.Identity with { ServerId = 2, Origin = "2" };
    }
}
