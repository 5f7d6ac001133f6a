using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Ring;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Connect.RingDaemon.Tests.Ring;

public class QuorumTests
{
    [Theory]
    [InlineData("n1", true)]                // a ring of one
    [InlineData("n1 n2! n3", true)]
    [InlineData("n1! n2! n3", false)]
    [InlineData("n1? n2! n3", true)]        // a suspect is not dead yet
    [InlineData("n1 n2!", true)]            // of two halves the one with the first name
    [InlineData("n1! n2", false)]
    [InlineData("n1 n2! n3 n4!", true)]
    [InlineData("n1! n2 n3! n4", false)]
    [InlineData("n1= n2~ n3!", true)]       // whoever is there counts, whatever it does
    [InlineData("n1- n2! n3", true)]        // also without its MySQL
    [InlineData("n10! n9", false)]          // names are compared as text
    public void A_majority_or_the_half_with_the_first_name_holds(string view, bool holds) => Assert.Equal(holds, Quorum.Of(Members.View(view)).Holds);

    [Fact]
    public void Who_has_left_or_was_forgotten_counts_no_more()
    {
        var view = Members.View("n1! n2! n3");
        Assert.False(Quorum.Of(view).Holds);
        Assert.True(Quorum.Of(Left(Left(view, "n1"), "n2")).Holds);
        Assert.Equal("it sees 1 of 2 members, and not n1, who is the first by name", Quorum.Of(Left(view, "n2")).ToString());
    }

    [Fact]
    public void Before_anybody_is_known_a_node_is_alone() => Assert.True(Quorum.Of(new View(0, [])).Holds);

    /// <summary>However a ring falls apart, at most one part holds; exactly one if some part is a majority, or half of the ring with the first name.</summary>
    [Fact]
    public void Of_all_parts_of_a_ring_at_most_one_holds()
    {
        var splits = from n in Gen.Choose(1, 12) from parts in Gen.Choose(0, 3).ArrayOf(n) select parts;
        Prop.ForAll(splits.ToArbitrary(), parts =>
        {
            var holding = Parts(parts).Where(part => Quorum.Of(SeenFrom(parts, part)).Holds).ToArray();
            var sizes = Parts(parts).Select(part => parts.Count(p => p == part)).ToArray();
            var expected = sizes.Any(size => 2 * size > parts.Length) || 2 * parts.Count(p => p == parts[0]) == parts.Length ? 1 : 0;
            return holding.Length == expected;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    /// <summary>An orderly leave is known on one side only, and the other side goes on counting who left: still at most one holds.</summary>
    [Fact]
    public void Members_that_leave_during_a_partition_never_make_a_second_side_hold()
    {
        var splits = from n in Gen.Choose(2, 9) from parts in Gen.Choose(0, 2).ArrayOf(n) from gone in Gen.Elements(true, false, false).ArrayOf(n) select (parts, gone);
        Prop.ForAll(splits.ToArbitrary(), split =>
        {
            var (parts, gone) = split;
            var holding = Parts(parts).Count(part =>
            {
                var view = SeenFrom(parts, part);
                for (var i = 0; i < parts.Length; i++) if (gone[i] && parts[i] == part) view = Left(view, $"n{i + 1:00}");
                return view.Members.Any(m => m.Liveness == Liveness.Alive) && Quorum.Of(view).Holds;
            });
            return holding <= 1;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    private static IEnumerable<int> Parts(int[] parts) => parts.Distinct();

    private static View SeenFrom(int[] parts, int part) => Members.View(string.Join(' ', parts.Select((p, i) => $"n{i + 1:00}{(p == part ? "" : "!")}")));

    private static View Left(View view, string name) => view with { Members = view.Members.Replace(view.Find(name)!, view.Find(name)! with { Liveness = Liveness.Left }) };
}
