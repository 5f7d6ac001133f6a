using System.Collections.Immutable;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Connect.RingDaemon.Tests.Ring;

public class RingPlannerTests
{
    private static readonly ImmutableSortedDictionary<string, string> NoObjections = ImmutableSortedDictionary<string, string>.Empty;

    [Theory]
    [InlineData("n1 n2 n3", "n1", "n3")]
    [InlineData("n1 n2 n3", "n2", "n1")]
    [InlineData("n1 n2 n3", "n3", "n2")]
    [InlineData("n1 n2? n3", "n3", "n2")]           // a suspicion alone moves nobody
    [InlineData("n1 n2! n3", "n3", "n1")]
    [InlineData("n1 n2- n3", "n3", "n1")]
    [InlineData("n1 n2= n3", "n3", "n1")]
    [InlineData("n1 n2~ n3", "n3", "n1")]
    [InlineData("n1 n2! n3! n4", "n4", "n1")]       // two adjacent
    [InlineData("n1! n2 n3 n4", "n2", "n4")]
    [InlineData("n1! n2! n3", "n3", null)]
    [InlineData("n1", "n1", null)]
    [InlineData("n1~ n2~ n3~", "n3", "n2")]         // a whole ring that starts: somebody has to begin
    [InlineData("n1 n2= n3", "n2", "n1")]           // a node in maintenance goes on replicating
    public void The_source_is_the_nearest_usable_member_before_me(string view, string me, string? source) =>
        Assert.Equal(source, RingPlanner.Plan(Members.View(view), me, current: null, NoObjections).Source);

    [Fact]
    public void A_source_that_is_catching_up_is_kept_by_who_replicates_from_it_already() =>
        Assert.Equal("n2", RingPlanner.Plan(Members.View("n1 n2~ n3"), "n3", current: "n2", NoObjections).Source);

    [Fact]
    public void What_I_found_against_a_member_myself_counts_and_is_explained()
    {
        var plan = RingPlanner.Plan(Members.View("n1 n2 n3"), "n3", "n2", NoObjections.Add("n2", "its MySQL refuses connections"));
        Assert.Equal("n1", plan.Source);
        Assert.Equal(["n2: its MySQL refuses connections", "n1: the nearest usable member before me"], plan.Considered.Select(c => $"{c.Name}: {c.Why}"));
    }

    [Fact]
    public void Members_of_one_zone_stand_side_by_side()
    {
        var view = Members.View("n1 n2 n3 n4");
        var zoned = view with { Members = [.. view.Members.Select(m => m with { Facts = m.Facts with { Zone = m.Name is "n1" or "n3" ? "east" : "west" } })] };
        Assert.Equal(["n1", "n3", "n2", "n4"], RingPlanner.Plan(zoned, "n1", null, NoObjections).Order);
    }

    [Fact]
    public void In_any_one_view_the_usable_members_form_exactly_one_ring()
    {
        var marks = Gen.Elements("", "?", "!", "-", "=", "~");
        var views = from n in Gen.Choose(1, 12) from m in marks.ArrayOf(n) select string.Join(' ', m.Select((mark, i) => $"n{i + 1:00}{mark}"));
        Prop.ForAll(views.ToArbitrary(), text =>
        {
            var view = Members.View(text);
            var usable = view.Members.Where(m => m is { Liveness: Liveness.Alive or Liveness.Suspect, Facts: { MysqlUp: true, Phase: Phase.Serving } }).Select(m => m.Name).ToArray();
            if (usable.Length < 2) return true;
            var visited = new HashSet<string>();
            for (var at = usable[0]; visited.Add(at);) at = RingPlanner.Plan(view, at, null, NoObjections).Source!;
            return visited.SetEquals(usable);
        }).QuickCheckThrowOnFailure();
    }
}
