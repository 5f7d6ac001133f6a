using Connect.Node.Database;

namespace Connect.RingDaemon.Tests.Foundation;

public sealed class Uuid7Tests
{
    private readonly HandClock _clock = new() { Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000) };

    [Fact]
    public void Ids_strictly_increase_within_a_millisecond_and_when_the_clock_steps_back()
    {
        var ids = new Uuid7(_clock);
        var last = ids.Next();
        for (var i = 0; i < 30_000; i++)
        {
            if (i % 1000 == 0) _clock.Now += TimeSpan.FromMilliseconds(i % 7000 == 0 ? -5000 : 1);
            var next = ids.Next();
            Assert.True(Uuid7.ToBytes(next).AsSpan().SequenceCompareTo(Uuid7.ToBytes(last)) > 0);
            last = next;
        }
    }

    [Fact]
    public void Ids_strictly_increase_across_threads()
    {
        var ids = new Uuid7(TimeProvider.System);
        var made = new Guid[4][];
        Parallel.For(0, 4, t => made[t] = [.. Enumerable.Range(0, 5000).Select(_ => ids.Next())]);
        Assert.Equal(20_000, made.SelectMany(m => m).Distinct().Count());
        Assert.All(made, m => Assert.Equal(m.OrderBy(Convert), m));

        static string Convert(Guid id) => System.Convert.ToHexString(Uuid7.ToBytes(id));
    }

    [Fact]
    public void An_id_tells_its_version_and_its_time_and_survives_storage()
    {
        var id = new Uuid7(_clock).Next();
        Assert.Equal(7, id.Version);
        Assert.InRange(id.Variant, 8, 11);
        Assert.Equal(_clock.Now, Uuid7.TimeOf(id));
        Assert.Equal(id, Uuid7.FromBytes(Uuid7.ToBytes(id)));
    }

    [Fact]
    public void What_is_written_after_an_id_was_seen_sorts_after_it_unless_its_clock_is_broken()
    {
        var ahead = new HandClock { Now = _clock.Now + TimeSpan.FromSeconds(30) };
        var broken = new HandClock { Now = _clock.Now + TimeSpan.FromHours(1) };
        var ids = new Uuid7(_clock);
        var seen = new Uuid7(ahead).Next();
        ids.Observe(seen);
        Assert.True(Uuid7.ToBytes(ids.Next()).AsSpan().SequenceCompareTo(Uuid7.ToBytes(seen)) > 0);
        ids.Observe(new Uuid7(broken).Next());
        Assert.True(Uuid7.TimeOf(ids.Next()) < ahead.Now + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_seen_id_of_the_very_same_millisecond_counts_too()
    {
        var (mine, other) = (new Uuid7(_clock), new Uuid7(_clock));
        mine.Next();
        other.Next();
        var seen = Enumerable.Range(0, 10).Select(_ => other.Next()).Last();
        mine.Observe(seen);
        Assert.True(Uuid7.ToBytes(mine.Next()).AsSpan().SequenceCompareTo(Uuid7.ToBytes(seen)) > 0);
    }

    private sealed class HandClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
