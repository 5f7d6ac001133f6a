using System.Threading.Channels;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// Gossip begins when this node has something to say: with the first <see cref="SetFacts"/>, which comes when it was let in and knows who its server is.
/// Before that the view is empty.
/// </summary>
public sealed class RingMembership(NodeSettings settings, IClusterKeys keys, IExchangeClient client, ILoggerFactory logs, TimeProvider time) : IMembership, IAsyncDisposable
{
    private static readonly View Nobody = new(0, []);

    private readonly Channel<View> _views = Channel.CreateBounded<View>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly string[] _expected = [.. settings.Daemon.Join.Where(url => url != settings.Daemon.Url)];
    private MembershipHost? _host;
    private string[] _remembered = [];
    private MemberFacts? _said;

    public View Current => _host?.Current ?? Nobody;

    public ChannelReader<View> Views => _views.Reader;

    public bool Discovered
    {
        get
        {
            var view = Current;
            var heard = view.Members.Where(m => view.HasHeard(m.Name)).Select(m => m.Facts.DaemonUrl).ToHashSet(StringComparer.Ordinal);
            return _host is not null && _expected.Concat(_remembered).All(heard.Contains);
        }
    }

    /// <summary>Null until gossip has begun.</summary>
    public MembershipStats? Stats => _host?.Stats;

    public void SetFacts(MemberFacts facts)
    {
        if (facts == _said) return;
        _said = facts;
        if (_host is { } host) host.SetFacts(facts);
        else Begin(facts);
    }

    public void HardEvidence(string member, ulong incarnation, string why) => _host?.HardEvidence(member, incarnation, why);

    public void SignOfLife(string member) => _host?.SignOfLife(member);

    public void Forget(string member) => _host?.Forget(member);

    public Task LeaveAsync(TimeSpan deadline) => _host?.LeaveAsync(deadline) ?? Task.CompletedTask;

    /// <summary>The server side of gossip's full exchange; null if the body is not this cluster's, or gossip has not begun.</summary>
    public byte[]? HandleExchange(byte[] sealedBody) => _host?.HandleExchange(sealedBody);

    public async ValueTask DisposeAsync()
    {
        // The container holds it under two names and disposes both.
        if (Interlocked.Exchange(ref _host, null) is { } host) await host.DisposeAsync();
    }

    private void Begin(MemberFacts facts)
    {
        var host = new MembershipHost(
            new MembershipSetup { Facts = facts, Cluster = settings.Cluster, Keys = keys, Listen = settings.Daemon.ListenAt(), StateFolder = settings.Resolve(settings.StateFolder) },
            client, logs.CreateLogger<MembershipHost>(), time);
        _remembered = [.. host.Current.Members.Where(m => m.Name != settings.Name && m.Liveness != Liveness.Left).Select(m => m.Facts.DaemonUrl)];
        _host = host;
        host.Start();
        host.Join(_expected);
        _ = PumpAsync(host.Subscribe());
    }

    private async Task PumpAsync(ChannelReader<View> views)
    {
        await foreach (var view in views.ReadAllAsync()) _views.Writer.TryWrite(view);
    }
}
