using Connect.Node.Database;
using Connect.Node.Settings;
using FsCheck;
using FsCheck.Fluent;

namespace Connect.RingDaemon.Tests.Foundation;

/// <summary>Sets of ranges against sets of single numbers.</summary>
public sealed class GtidSetTests
{
    private const string A = "aaaaaaaa-0000-0000-0000-000000000001";
    private const string B = "bbbbbbbb-0000-0000-0000-000000000002";

    private static readonly string[] MySqlOrigins = [A, B, $"{A}:tag"];

    [Fact]
    public void MySql_sets_behave_as_sets_do() => Check(Engine.MySQL,
        from origin in Gen.Elements(MySqlOrigins) from number in Gen.Choose(1, 12) select (origin, (long)number),
        naive => string.Join(',', naive.Select(n => $"{n.Origin}:{n.Number}")));

    [Fact]
    public void MariaDb_sets_behave_as_sets_do() => Check(Engine.MariaDB,
        from origin in Gen.Choose(1, 4) from number in Gen.Choose(1, 12) select (origin.ToString(), (long)number),
        naive => string.Join(',', naive.Select(n => $"{n.Origin}-{n.Origin}-{n.Number}")),
        closed: true);

    [Theory]
    [InlineData(Engine.MySQL, "", "")]
    [InlineData(Engine.MySQL, $"{A}:1-5:7,\n{B}:3", $"{A}:1-5:7,{B}:3")]
    [InlineData(Engine.MySQL, $"{A}:7:1-5:6", $"{A}:1-7")]
    [InlineData(Engine.MySQL, "AAAAAAAA-0000-0000-0000-000000000001:1", $"{A}:1")]
    [InlineData(Engine.MySQL, $"{A}:1-2:tag:4-5:6,{A}:3", $"{A}:1-3,{A}:tag:4-6")]
    [InlineData(Engine.MySQL, $"{A}:tag:1:1-3", $"{A}:tag:1-3")]
    [InlineData(Engine.MySQL, $"{A}:9223372036854775806", $"{A}:9223372036854775806")]
    [InlineData(Engine.MySQL, $"{A}:1-9223372036854775807:5", $"{A}:1-9223372036854775807")]
    [InlineData(Engine.MariaDB, "2-2-50,1-1-3", "1-1-3,2-2-50")]
    [InlineData(Engine.MariaDB, "9-9-1,10-10-1", "10-10-1,9-9-1")]
    [InlineData(Engine.MariaDB, "1-1-0", "")]
    [InlineData(Engine.MariaDB, "01-1-5,1-1-3", "1-1-5")]
    public void Notation_is_normalised(Engine engine, string text, string normal)
    {
        Assert.Equal(normal, GtidSet.Parse(engine, text).ToString());
        Assert.Equal(GtidSet.Parse(engine, normal), GtidSet.Parse(engine, text));
    }

    [Theory]
    [InlineData(Engine.MySQL, "1-1-5")]
    [InlineData(Engine.MySQL, A)]
    [InlineData(Engine.MySQL, $"{A}:0")]
    [InlineData(Engine.MySQL, $"{A}:5-3")]
    [InlineData(Engine.MySQL, "aaaaaaaa000000000000000000000001:1")]
    [InlineData(Engine.MySQL, $"{A}:1:tag")]
    [InlineData(Engine.MySQL, $"{A}:1-")]
    [InlineData(Engine.MySQL, $"{A}:tag")]
    [InlineData(Engine.MySQL, $"{A}:")]
    [InlineData(Engine.MariaDB, "1-1")]
    [InlineData(Engine.MariaDB, "1-1--5")]
    [InlineData(Engine.MariaDB, "1-1-9223372036854775808")]
    [InlineData(Engine.MariaDB, "4294967296-1-1")]
    public void Nonsense_is_refused(Engine engine, string text) => Assert.Throws<FormatException>(() => GtidSet.Parse(engine, text));

    [Fact]
    public void Sets_of_different_engines_are_never_equal_and_never_mixed()
    {
        Assert.NotEqual(GtidSet.Empty(Engine.MySQL), GtidSet.Empty(Engine.MariaDB));
        Assert.Throws<ArgumentException>(() => GtidSet.Parse(Engine.MariaDB, "1-1-1").Union(GtidSet.Parse(Engine.MySQL, $"{A}:1")));
    }

    private static void Check(Engine engine, Gen<(string Origin, long Number)> element, Func<IEnumerable<(string Origin, long Number)>, string> write, bool closed = false)
    {
        var sets = element.ListOf().ToArbitrary();
        Prop.ForAll(sets, sets, (x, y) =>
        {
            var (a, b) = (Model(x), Model(y));
            var (left, right) = (GtidSet.Parse(engine, write(x)), GtidSet.Parse(engine, write(y)));
            Assert.Equal(a, Expand(left));
            Assert.Equal(a.Count, left.Count);
            Assert.Equal(a.Count == 0, left.IsEmpty);
            Assert.Equal(left, GtidSet.Parse(engine, left.ToString()));
            Assert.Equal([.. a, .. b], Expand(left.Union(right)));
            Assert.Equal([.. a.Except(b)], Expand(left.Except(right)));
            Assert.Equal(a.IsSupersetOf(b), left.Contains(right));
            Assert.Equal(a.SetEquals(b), left.Equals(right));
            Assert.Equal(a.SetEquals(b), left.GetHashCode() == right.GetHashCode());
            foreach (var origin in left.Origins) Assert.Equal([.. a.Where(n => n.Origin == origin)], Expand(left.Only(origin)));
        }).QuickCheckThrowOnFailure();

        HashSet<(string, long)> Expand(GtidSet set) => [.. set.Origins.SelectMany(o => set[o].SelectMany(r => Numbers(r.First, r.Last).Select(n => (o, n))))];

        // MariaDB's notation names the last one; everything before it is there too.
        HashSet<(string Origin, long Number)> Model(IEnumerable<(string Origin, long Number)> written) =>
            closed ? [.. written.SelectMany(n => Numbers(1, n.Number).Select(i => (n.Origin, i)))] : [.. written];
    }

    private static IEnumerable<long> Numbers(long first, long last)
    {
        for (var i = first; i <= last; i++) yield return i;
    }
}
