using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Convergence;
using Connect.RingDaemon.Daemon;
using Connect.RingDaemon.LoadBalancing;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;

namespace Connect.RingDaemon.Api;

/// <summary>Asks every member what it is and does, and makes one picture of the answers.</summary>
public sealed class RingObserver(
    NodeSettings settings, IMembership membership, RingAgent agent, OwnServerWatch own, Entrance entrance, MemberClient members, ILoadBalancer balancer, ContinuousCheck check, RetentionWatch retention, TimeProvider time)
{
    private static readonly TimeSpan PerMember = TimeSpan.FromMilliseconds(800);

    /// <summary>How long the members get to reach what any of them held at the first look, before the ring counts as not converged.</summary>
    private static readonly TimeSpan ToConverge = TimeSpan.FromMilliseconds(1000);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>This node, if wanted with its position read now.</summary>
    public async Task<NodeReport> SelfAsync(bool withPosition, CancellationToken cancel)
    {
        string? position = null;
        if (withPosition && agent.Report.Condition.MysqlFault is null)
        {
            try
            {
                position = (await own.Server.PositionAsync(cancel)).ToString();
            }
            catch (Exception e) when (e is DatabaseUnavailableException or System.Data.Common.DbException)
            {
                // The report says so by having no position.
            }
        }
        return NodeReport.Of(settings.Name, membership.Current, agent.Report, own, entrance, position) with { Compared = check.Last, Minority = settings.Minority.ToString().ToLowerInvariant() };
    }

    public async Task<RingReport> StatusAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var view = membership.Current;
        var order = RingPlanner.Plan(view, settings.Name, agent.Report.Source, new Dictionary<string, string>()).Order;
        var balanced = BalancedAsync(cancel);
        var answers = await AnswersAsync(view, cancel);
        var live = answers.Values.Where(a => a.MysqlUp).ToArray();
        var engine = settings.Database.Engine;
        // Under load no two positions are read at the same moment: converged means that everyone reaches what anyone held at the first look.
        var goal = RingStatus.UnionOf(engine, live);
        var converged = false;
        while (goal is not null)
        {
            var behind = answers.Values.Where(a => a.MysqlUp && !(a.Position is { } p && GtidSet.Parse(engine, p).Contains(goal))).ToArray();
            converged = behind.Length == 0;
            if (converged || time.GetElapsedTime(started) > ToConverge) break;
            await Task.Delay(LookAgain, time, cancel);
            foreach (var (name, answer) in await AnswersAsync(view, cancel)) answers[name] = answer;
        }
        // Everybody may have executed everything and rows differ all the same, if somebody changed one by hand.
        converged &= answers.Values.All(a => a.Compared is not { Equal: false });
        var outlooks = retention.Outlooks.ToDictionary(o => o.Name, StringComparer.Ordinal);
        var report = RingStatus.Of(settings.Web.PublicUrl.Length > 0 ? settings.Web.PublicUrl : settings.Web.Url, view, order, answers, await balanced, converged);
        return report with { Nodes = [.. report.Nodes.Select(n => n with { Logs = outlooks.GetValueOrDefault(n.Name) })] };
    }

    private async Task<Dictionary<string, NodeReport>> AnswersAsync(View view, CancellationToken cancel)
    {
        var asked = await Task.WhenAll(view.Members.Where(m => m.Liveness != Liveness.Left).Select(async m =>
            m.Name == settings.Name ? await SelfAsync(withPosition: true, cancel) : await members.GetAsync<NodeReport>(m.Facts.DaemonUrl, "/v1/node", PerMember, cancel)));
        return asked.OfType<NodeReport>().DistinctBy(a => a.Name).ToDictionary(a => a.Name, StringComparer.Ordinal);
    }

    private async Task<IReadOnlyList<Backend>> BalancedAsync(CancellationToken cancel)
    {
        try
        {
            return await balancer.StatesAsync(cancel);
        }
        catch (Exception e) when (e is IOException or LoadBalancerException or TimeoutException or System.Net.Sockets.SocketException)
        {
            return []; // nobody is in a load balancer that does not answer
        }
    }
}
