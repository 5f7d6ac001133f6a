using System.Collections.Immutable;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Ring;

/// <summary>
/// The order of the ring. By nature it is zone, place and name; each member replicates from the one before it. If a member says that it cannot reach the server it would replicate from,
/// the members stand in another order, one in which nobody replicates over a broken link. A pure function of the view, so that everybody finds the same one.
/// <para>
/// Of all such orders the one with the least sum over its links (replica to source) is taken, of equals the first in natural order. A link costs, in falling weight: that only the other way
/// is known to be broken, and the link is new (it is likely broken too); that it is new (somebody has to change its source); that it crosses zones.
/// </para>
/// </summary>
public static class RingCircle
{
    /// <summary>Up to so many members every order is looked at: 5,040 at the most. In a larger ring segments are exchanged until no link is broken, which finds a good order but not always the best.</summary>
    private const int LargestSearched = 8;

    /// <summary>Exchanges of segments before it is given up; each one gets rid of a broken link.</summary>
    private const int MostExchanges = 64;

    /// <summary>Each outweighs any number of those below it: a ring has at most 128 members.</summary>
    private const int Broken = 1 << 24, LikelyBroken = 1 << 16, New = 1 << 8, CrossesZones = 1;

    /// <param name="members">Everybody who has not left.</param>
    /// <param name="links">What is said about broken links between those who stand in the ring, in words; empty if there are none.</param>
    public static ImmutableArray<string> Of(IEnumerable<Member> members, out string links)
    {
        Member[] natural = [.. members.OrderBy(m => m.Facts.Zone, StringComparer.Ordinal).ThenBy(m => m.Facts.Place).ThenBy(m => m.Name, StringComparer.Ordinal)];
        links = "";
        if (natural.All(m => m.Facts.Unreached.Names.IsEmpty)) return [.. natural.Select(m => m.Name)];
        // The others are passed over, so that they are on nobody's way.
        Member[] standing = [.. natural.Where(m => m.HasServer && m.Facts.Phase is not (Phase.Maintenance or Phase.Mending))];
        var broken = standing.SelectMany(m => standing.Where(source => Unreached(m, source)).Select(source => $"{m.Name} cannot reach {source.Name}")).ToArray();
        if (broken.Length == 0) return [.. natural.Select(m => m.Name)];
        var found = Find(standing);
        links = $"{string.Join(", ", broken)}: {(found is null ? "no order of the ring avoids that, so whoever comes to such a link passes over the member behind it" : "the order of the ring avoids that")}";
        return found is null ? [.. natural.Select(m => m.Name)] : Among(natural, found.Select(i => standing[i].Name));
    }

    /// <returns>Indices of members in the order found, beginning with the first; null if there is none.</returns>
    private static int[]? Find(Member[] standing)
    {
        var n = standing.Length;
        var cost = new int[n, n]; // of a link from the replica to the source
        for (var replica = 0; replica < n; replica++)
            for (var source = 0; source < n; source++)
                cost[replica, source] = CostOf(standing[replica], standing[source], isNatural: source == (replica + n - 1) % n);
        return n <= LargestSearched ? new Search(cost).Run() : Exchange(cost);
    }

    private static int CostOf(Member replica, Member source, bool isNatural) =>
        (Unreached(replica, source) ? Broken : 0)
        + (!isNatural && Unreached(source, replica) ? LikelyBroken : 0)
        + (isNatural ? 0 : New)
        + (replica.Facts.Zone == source.Facts.Zone ? 0 : CrossesZones);

    private static bool Unreached(Member replica, Member source) => replica.Facts.Unreached.Names.Contains(source.Name);

    /// <summary>Whoever does not stand in the ring is put behind the member that is before it by nature.</summary>
    private static ImmutableArray<string> Among(Member[] natural, IEnumerable<string> found)
    {
        List<string> order = [.. found];
        var stand = order.ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < natural.Length; i++)
            if (!stand.Contains(natural[i].Name)) order.Insert(i == 0 ? 0 : order.IndexOf(natural[i - 1].Name) + 1, natural[i].Name);
        return [.. order];
    }

    /// <summary>
    /// Three links are cut, one of them broken, and the segments between them are put together the other way: the smallest change of a circle there is. The best of all such changes is made,
    /// again and again, until no link is broken or nothing helps.
    /// </summary>
    private static int[]? Exchange(int[,] cost)
    {
        int[] circle = [.. Enumerable.Range(0, cost.GetLength(0))];
        for (var round = 0; round < MostExchanges; round++)
        {
            var at = 0;
            while (at < circle.Length && cost[circle[at], circle[at == 0 ? ^1 : at - 1]] < Broken) at++;
            if (at == circle.Length)
            {
                var first = Array.IndexOf(circle, 0);
                return [.. circle[first..], .. circle[..first]];
            }
            circle = [.. circle[at..], .. circle[..at]]; // from here on the broken link leads from the first to the last
            var (one, other) = BestExchange(circle, cost);
            if (one == 0) return null; // nothing helps
            circle = [.. circle[..one], .. circle[other..], .. circle[one..other]];
        }
        return null;
    }

    private static (int One, int Other) BestExchange(int[] c, int[,] cost)
    {
        var (best, least) = ((0, 0), 0);
        for (var one = 1; one < c.Length - 1; one++)
        {
            for (var other = one + 1; other < c.Length; other++)
            {
                var change = cost[c[other], c[one - 1]] + cost[c[one], c[^1]] + cost[c[0], c[other - 1]]
                    - cost[c[one], c[one - 1]] - cost[c[other], c[other - 1]] - cost[c[0], c[^1]];
                if (change < least) (best, least) = ((one, other), change);
            }
        }
        return best;
    }

    /// <summary>Every order, in natural order, but none that is worse than the best so far.</summary>
    private sealed class Search(int[,] cost)
    {
        private readonly int[] _order = new int[cost.GetLength(0)];
        private readonly bool[] _placed = new bool[cost.GetLength(0)];
        private int[]? _best;
        private int _least = Broken;

        public int[]? Run()
        {
            _placed[0] = true;
            Place(1, 0);
            return _best;
        }

        private void Place(int at, int sum)
        {
            if (at == _order.Length)
            {
                sum += cost[0, _order[^1]];
                if (sum < _least) (_best, _least) = ([.. _order], sum);
                return;
            }
            for (var next = 1; next < _order.Length; next++)
            {
                if (_placed[next] || sum + cost[next, _order[at - 1]] >= _least) continue;
                (_order[at], _placed[next]) = (next, true);
                Place(at + 1, sum + cost[next, _order[at - 1]]);
                _placed[next] = false;
            }
        }
    }
}
