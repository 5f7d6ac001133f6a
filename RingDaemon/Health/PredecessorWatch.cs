using System.Net.Security;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Health;

/// <summary>The parts of a node that are watched.</summary>
public enum Part { Mysql, Daemon, Web }

/// <summary>
/// Every node looks closely at one other: the member it should replicate from. Its MySQL, its daemon and its web server are each watched from here, besides what
/// that member says of itself, so that a node that dies as a whole is noticed by the kernel's own farewell instead of by silence.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="found">Told of each change: which member (in which incarnation), which part, what was found.</param>
/// <param name="trust">Whom to believe where an address is https.</param>
public sealed class PredecessorWatch(TimeProvider time, Action<Member, Part, Finding> found, SslClientAuthenticationOptions? trust = null) : IAsyncDisposable
{
    private readonly Dictionary<Part, ServiceWatch> _watches = [];
    private (string Name, string Mysql, string Daemon, string Web)? _watched;

    /// <summary>The member that is watched now, or null.</summary>
    public string? Watched => _watched?.Name;

    public Finding this[Part part] => _watches.TryGetValue(part, out var watch) ? watch.Finding : Finding.Unknown;

    /// <summary>Watches this member from now on; nothing happens if it is watched already at the same addresses.</summary>
    public async Task TurnToAsync(Member? member)
    {
        var facts = member?.Facts;
        (string, string, string, string)? next = facts is null ? null : (facts.Name, $"{facts.MysqlHost}:{facts.MysqlPort}", facts.DaemonUrl, facts.WebUrl);
        if (next == _watched) return;
        await StopAsync();
        _watched = next;
        if (member is null || facts is null) return;
        Add(member, Part.Mysql, facts.MysqlHost, facts.MysqlPort, new MysqlGreeting(), new WatchOptions());
        AddHttp(member, Part.Daemon, facts.DaemonUrl);
        AddHttp(member, Part.Web, facts.WebUrl);
        foreach (var watch in _watches.Values) watch.Start();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private void AddHttp(Member member, Part part, string url)
    {
        var uri = new Uri(url);
        Add(member, part, uri.Host, uri.Port, new HttpGreeting(uri.Authority, "/health/live"), WatchOptions.Http, uri.Scheme == Uri.UriSchemeHttps ? trust : null);
    }

    private void Add(Member member, Part part, string host, int port, IGreeting greeting, WatchOptions options, SslClientAuthenticationOptions? tls = null) =>
        _watches[part] = new(host, port, greeting, options, time, finding => found(member, part, finding), tls);

    private async Task StopAsync()
    {
        foreach (var watch in _watches.Values) await watch.DisposeAsync();
        _watches.Clear();
        _watched = null;
    }
}
