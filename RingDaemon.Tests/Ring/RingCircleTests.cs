using System.Collections.Immutable;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Connect.RingDaemon.Tests.Ring;

/// <summary>The order of the ring goes around broken links.</summary>
public class RingCircleTests
{
    [Theory]
    [InlineData("n1 n2 n3 n4", "n2>n1", "n1 n3 n2 n4")]
    [InlineData("n1 n2 n3 n4", "n1>n4", "n1 n2 n4 n3")]
    [InlineData("n1 n2 n3 n4", "n3>n1", "n1 n2 n3 n4")]          // no neighbours
    [InlineData("n1 n2 n3 n4", "n1>n2", "n1 n2 n3 n4")]          // the other way works
    [InlineData("n1 n2 n3", "n2>n1", "n1 n3 n2")]                // turned round
    [InlineData("n1 n2 n3", "n2>n1 n1>n2", "n1 n2 n3")]          // there is no way
    [InlineData("n1 n2", "n2>n1", "n1 n2")]
    [InlineData("n1 n2 n3 n4 n5", "n2>n1 n3>n2", "n1 n3 n4 n2 n5")]
    [InlineData("n1 n2! n3 n4 n5", "n3>n1", "n1 n2 n4 n3 n5")]   // the dead are on nobody's way
    [InlineData("n1 n2! n3 n4 n5", "n3>n2", "n1 n2 n3 n4 n5")]
    [InlineData("n1= n2 n3 n4", "n2>n4", "n1 n2 n4 n3")]
    public void The_order_changes_as_little_as_a_broken_link_demands(string members, string broken, string order) =>
        Assert.Equal(order.Split(' '), Order(Break(Members.View(members), broken)));

    [Fact]
    public void A_link_that_is_broken_one_way_is_rather_not_used_the_other_way()
    {
        // Of five, n5 n2 n3 n4 n1 ... with n1>n2 alone would do; the order found uses neither way.
        var order = Order(Break(Members.View("n1 n2 n3 n4 n5"), "n2>n1"));
        Assert.DoesNotContain(Links(order), l => l is ("n2", "n1") or ("n1", "n2"));
    }

    [Fact]
    public void Zones_are_crossed_less_often_if_that_costs_nothing()
    {
        var view = Break(Members.View("n1 n2 n3 n4 n5 n6"), "n3>n2");
        var zoned = view with { Members = [.. view.Members.Select(m => m with { Facts = m.Facts with { Zone = m.Name is "n1" or "n2" or "n3" ? "east" : "west" } })] };
        Assert.Equal(2, Links(Order(zoned)).Count(l => (string.CompareOrdinal(l.Replica, "n3") <= 0) != (string.CompareOrdinal(l.Source, "n3") <= 0)));
    }

    [Fact]
    public void It_is_explained()
    {
        Assert.Equal("", Plan("n1 n2 n3", "").Links);
        Assert.Equal("n2 cannot reach n1: the order of the ring avoids that", Plan("n1 n2 n3", "n2>n1").Links);
        Assert.StartsWith("n1 cannot reach n2, n2 cannot reach n1: no order of the ring avoids that", Plan("n1 n2 n3", "n2>n1 n1>n2").Links, StringComparison.Ordinal);
    }

    [Fact]
    public void Everybody_finds_the_same_order_and_it_is_the_natural_one_without_broken_links() => Prop.ForAll(Views(12).ToArbitrary(), view =>
    {
        var orders = view.Members.Select(m => RingPlanner.Plan(view, m.Name, null, NoObjections).Order).ToArray();
        var turned = view with { Members = [.. view.Members.Reverse()] };
        var healed = view with { Members = [.. view.Members.Select(m => m with { Facts = m.Facts with { Unreached = NameList.None } })] };
        return orders.All(o => o.SequenceEqual(orders[0])) && Order(turned).SequenceEqual(orders[0]) && Order(healed).SequenceEqual(Natural(view))
            && orders[0].Order(StringComparer.Ordinal).SequenceEqual(view.Members.Select(m => m.Name).Order(StringComparer.Ordinal));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Wherever_an_order_without_a_broken_link_exists_one_is_found() => Prop.ForAll(Views(7).ToArbitrary(), view =>
    {
        var order = Standing(view, Order(view));
        var exists = Permutations([.. Standing(view, Natural(view))]).Any(o => !UsesBroken(view, o));
        return exists ? !UsesBroken(view, order) : order.SequenceEqual(Standing(view, Natural(view)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    /// <summary>Two or three changed links more than nature's are the least that can be: a circle cannot differ from another in fewer than three.</summary>
    [Fact]
    public void One_broken_link_changes_three_sources_however_large_the_ring() => Prop.ForAll(
        (from n in Gen.Choose(4, 128) from at in Gen.Choose(0, n - 1) select (n, at)).ToArbitrary(), ring =>
        {
            var view = Large(ring.n);
            var natural = Natural(view);
            var (replica, source) = (natural[ring.at], natural[(ring.at + ring.n - 1) % ring.n]);
            var broken = view.Unreached(replica, source);
            return Links(Order(broken)).Except(Links(natural)).Count() == 3 && !UsesBroken(broken, Order(broken));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_large_ring_goes_around_several_broken_links() => Prop.ForAll(
        (from n in Gen.Choose(9, 128) from pairs in Gen.Choose(0, (n * n) - 1).ListOf(6) select (n, pairs)).ToArbitrary(), ring =>
        {
            var view = Large(ring.n);
            foreach (var pair in ring.pairs.Where(p => p / ring.n != p % ring.n).GroupBy(p => p / ring.n))
                view = view.Unreached(view.Members[pair.Key].Name, [.. pair.Select(p => view.Members[p % ring.n].Name)]);
            // And some that matter: neighbours by nature.
            foreach (var pair in ring.pairs.Take(3)) view = view.Unreached(Natural(view)[pair % ring.n], Natural(view)[(pair + ring.n - 1) % ring.n]);
            return !UsesBroken(view, Order(view));
        }).QuickCheckThrowOnFailure();

    private static readonly ImmutableSortedDictionary<string, string> NoObjections = ImmutableSortedDictionary<string, string>.Empty;

    private static View Large(int n) => Members.View(string.Join(' ', Enumerable.Range(1, n).Select(i => $"n{i:000}")));

    private static ImmutableArray<string> Order(View view) => RingCircle.Of(view.Members, out _);

    private static RingPlan Plan(string members, string broken) => RingPlanner.Plan(Break(Members.View(members), broken), "n1", null, NoObjections);

    private static string[] Natural(View view) =>
        [.. view.Members.OrderBy(m => m.Facts.Zone, StringComparer.Ordinal).ThenBy(m => m.Facts.Place).ThenBy(m => m.Name, StringComparer.Ordinal).Select(m => m.Name)];

    private static View Break(View view, string links) => links.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('>')).GroupBy(l => l[0])
        .Aggregate(view, (v, l) => v.Unreached(l.Key, [.. l.Select(x => x[1])]));

    /// <summary>Views in which anything may be the matter with anybody, and some links are broken.</summary>
    private static Gen<View> Views(int most) =>
        from n in Gen.Choose(1, most)
        from marks in Gen.Elements("", "", "", "", "?", "!", "-", "=", "~").ArrayOf(n)
        from zones in Gen.Elements("east", "west").ArrayOf(n)
        from broken in Gen.Elements(false, false, false, true).ArrayOf(n * n)
        select Zoned(Members.View(string.Join(' ', marks.Select((mark, i) => $"n{i + 1:00}{mark}"))), zones, broken);

    private static View Zoned(View view, string[] zones, bool[] broken)
    {
        var n = zones.Length;
        return view with
        {
            Members = [.. view.Members.Select((m, i) => m with
            {
                Facts = m.Facts with { Zone = zones[i], Unreached = new(view.Members.Where((_, j) => j != i && broken[(i * n) + j]).Select(o => o.Name).Take(BrokenLinks.Most)) },
            })],
        };
    }

    private static string[] Standing(View view, IEnumerable<string> order) =>
        [.. order.Where(name => view.Find(name) is { HasServer: true, Facts.Phase: not (Phase.Maintenance or Phase.Mending) })];

    private static IEnumerable<(string Replica, string Source)> Links(IReadOnlyList<string> order) => order.Select((name, i) => (name, order[(i + order.Count - 1) % order.Count]));

    private static bool UsesBroken(View view, IReadOnlyList<string> order) => Links(order).Any(l => view.Find(l.Replica)!.Facts.Unreached.Names.Contains(l.Source));

    private static IEnumerable<string[]> Permutations(string[] names) => names.Length <= 2 ? [names] : From(names, 1);

    private static IEnumerable<string[]> From(string[] names, int at)
    {
        if (at == names.Length)
        {
            yield return [.. names];
            yield break;
        }
        for (var i = at; i < names.Length; i++)
        {
            (names[at], names[i]) = (names[i], names[at]);
            foreach (var order in From(names, at + 1)) yield return order;
            (names[at], names[i]) = (names[i], names[at]);
        }
    }
}
