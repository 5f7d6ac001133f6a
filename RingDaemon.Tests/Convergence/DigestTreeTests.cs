using Connect.RingDaemon.Convergence;
using FsCheck;
using FsCheck.Fluent;

namespace Connect.RingDaemon.Tests.Convergence;

public sealed class DigestTreeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Keys that crowd: few different first digits, and clusters.</summary>
    private static readonly Gen<UInt128[]> Keys = Gen.Choose(0, 1 << 14).Select(n => ((UInt128)(ulong)(n / 600) << 100) | ((UInt128)(ulong)n << 40)).ListOf().Select(k => k.Distinct().Order().ToArray());

    [Fact]
    public void Whatever_is_done_to_a_table_its_digests_are_those_of_its_rows() => Prop.ForAll(
        Keys.ToArbitrary(), Keys.ToArbitrary(), Keys.ToArbitrary(), (before, inserted, deleted) =>
        {
            var table = new ModelTable("post") { SliceRows = 10 };
            var kept = new KeptTable("post", table, TimeProvider.System);
            foreach (var key in before) table.Insert(key);
            kept.RefreshAsync(null, whole: false, Cancel).GetAwaiter().GetResult();
            foreach (var key in inserted.Except(before)) table.Insert(key);
            kept.RefreshAsync(null, whole: false, Cancel).GetAwaiter().GetResult();
            foreach (var key in deleted) table.Delete(key);
            foreach (var key in before.Except(deleted).Take(1)) table.Update(key, 9);
            kept.RefreshAsync(null, whole: false, Cancel).GetAwaiter().GetResult();
            return kept.Tree.Total == table.Truth && Sorted(kept.Tree);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void Two_trees_of_different_shape_lead_to_every_row_that_differs_and_to_no_range_that_does_not() => Prop.ForAll(
        Keys.ToArbitrary(), Keys.ToArbitrary(), Gen.Choose(3, 400).ToArbitrary(), (common, others, slice) =>
        {
            var tables = new[] { new ModelTable("post") { SliceRows = slice }, new ModelTable("post") { SliceRows = 7 } };
            foreach (var key in common)
            {
                tables[0].Insert(key);
                tables[1].Insert(key);
            }
            var different = others.Except(common).ToArray();
            for (var i = 0; i < different.Length; i++) tables[i % 2].Insert(different[i]);
            var trees = tables.Select(t =>
            {
                var kept = new KeptTable("post", t, TimeProvider.System);
                kept.RefreshAsync(null, whole: false, Cancel).GetAwaiter().GetResult();
                return kept.Tree;
            }).ToArray();
            var walk = TreeWalk.DifferingAsync(prefixes => Task.FromResult(trees.Select(t => (IReadOnlyList<PrefixChildren>?)[.. prefixes.Select(p => Parts(t, p))]).ToArray()), int.MaxValue)
                .GetAwaiter().GetResult()!.Value;
            return !walk.More && different.All(key => walk.Ranges.Any(r => r.Contains(key)))
                && (different.Length > 0 || common.Length == 0 || walk.Ranges.All(r => trees.Any(t => t.Covering(r) is not null)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void A_million_rows_cost_less_than_a_megabyte()
    {
        // The worst that Compact leaves: siblings that are one row too many together.
        var tree = new DigestTree();
        for (var i = 0; i < 1_000_000 / 128; i++) tree.Append(new(KeyPrefix.Of((UInt128)(ulong)i << 80, 12), new(i % 16 == 0 ? 129 : 128, 1)), 0);
        tree.Compact();
        var leaf = System.Runtime.CompilerServices.Unsafe.SizeOf<DigestTree.Leaf>();
        Assert.True(tree.Leaves.Count * leaf < 1 << 20, $"{tree.Leaves.Count} leaves of {leaf} bytes");
    }

    [Fact]
    public void A_leaf_is_never_cut_or_counted_twice()
    {
        var tree = new DigestTree();
        tree.Append(new(KeyPrefix.Parse("a"), new(10, 1)), 0);
        Assert.Throws<ArgumentException>(() => tree.Append(new(KeyPrefix.Parse("a1"), new(1, 1)), 0));
        var inside = KeyPrefix.Parse("a1");
        Assert.Throws<ArgumentException>(() => tree.Replace(inside.First, inside.Last, [], 0));
        Assert.Equal(new RangeDigest(10, 1), tree.Total);
    }

    private static PrefixChildren Parts(DigestTree tree, KeyPrefix prefix) =>
        new(prefix.ToString(), tree.Children(prefix)?.Select(c => new PrefixSum(c.Prefix.ToString(), c.Sum.Rows, $"{c.Sum.Digest:x16}")).ToArray());

    private static bool Sorted(DigestTree tree) => tree.Leaves.Zip(tree.Leaves.Skip(1)).All(pair => pair.First.Prefix.Last < pair.Second.Prefix.First);
}
