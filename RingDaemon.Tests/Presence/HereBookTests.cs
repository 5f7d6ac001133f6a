using Connect.Node.Presence;
using Connect.RingDaemon.Presence;
using Xunit;

namespace Connect.RingDaemon.Tests.Presence;

public sealed class HereBookTests
{
    private static readonly Guid Topic = Guid.NewGuid(), Other = Guid.NewGuid();

    private readonly Clock _clock = new();
    private readonly HereBook _book;

    public HereBookTests() => _book = new(_clock);

    [Fact]
    public void Nobody_is_told_anything_while_nobody_reads()
    {
        Assert.Null(_book.UntilDue(4));
        _book.Heard("n2", [Readers("Ann")]);
        Assert.Null(_book.UntilDue(4));
        _book.Tell([]);
        Assert.Null(_book.UntilDue(4));
    }

    [Fact]
    public void A_change_is_told_at_once_but_not_within_two_seconds_of_the_last_time_and_otherwise_every_ten()
    {
        Assert.True(_book.Tell([Readers("Ann")]));
        Assert.Equal(TimeSpan.Zero, _book.UntilDue(4));
        Assert.Single(_book.Take());
        Assert.False(_book.Tell([Readers("Ann")]));
        Assert.Equal(HereBook.Refresh, _book.UntilDue(4));
        _clock.Pass(0.5);
        Assert.True(_book.Tell([Readers("Ann", "Bob")]));
        Assert.Equal(TimeSpan.FromSeconds(1.5), _book.UntilDue(4));
        _clock.Pass(1.5);
        Assert.Equal(TimeSpan.Zero, _book.UntilDue(4));
        Assert.Equal(2, Assert.Single(_book.Take()).People.Count);
        for (var i = 0; i < 5; i++)
        {
            _book.Tell([Readers("Ann", "Bob")]);
            Assert.True(_book.UntilDue(4) > TimeSpan.Zero);
            _clock.Pass(2);
        }
        _book.Tell([Readers("Ann", "Bob")]);
        Assert.Equal(TimeSpan.Zero, _book.UntilDue(4));
    }

    [Fact]
    public void The_last_one_to_go_is_told_once_and_then_it_is_quiet()
    {
        _book.Tell([Readers("Ann")]);
        _book.Take();
        _clock.Pass(3);
        Assert.True(_book.Tell([]));
        Assert.True(_book.UntilDue(4) <= TimeSpan.Zero);
        Assert.Empty(_book.Take());
        Assert.Null(_book.UntilDue(4));
        _clock.Pass(60);
        Assert.Null(_book.UntilDue(4));
    }

    [Fact]
    public void A_board_that_falls_silent_has_no_readers()
    {
        _book.Tell([Readers("Ann")]);
        _book.Take();
        _clock.Pass(9.99);
        Assert.True(_book.UntilDue(4) > TimeSpan.Zero);
        _clock.Pass(0.02);
        Assert.True(_book.UntilDue(4) <= TimeSpan.Zero);
        Assert.Empty(_book.Take());
        Assert.Null(_book.UntilDue(4));
    }

    [Fact]
    public void A_large_ring_is_told_less_often()
    {
        _book.Tell([Readers("Ann")]);
        _book.Take();
        _book.Tell([Readers("Bob")]);
        Assert.Equal(TimeSpan.FromSeconds(12.5), _book.UntilDue(250));
    }

    [Fact]
    public void What_members_say_is_united_and_somebody_on_two_nodes_is_one_person()
    {
        _book.Heard("n2", [Readers("Ann", "Bob") with { Guests = 2 }]);
        _book.Heard("n3", [Readers("Bob", "Cid") with { Guests = 1 }, Readers("Dan") with { Topic = Other }]);
        var here = Assert.Single(_book.Others([Topic, Guid.NewGuid()], _ => true));
        Assert.Equal(["Ann", "Bob", "Cid"], here.People.Select(p => p.Name));
        Assert.Equal((0, 3), (here.More, here.Guests));
        _book.Heard("n3", []);
        Assert.Equal(["Ann", "Bob"], Assert.Single(_book.Others([Topic, Other], _ => true)).People.Select(p => p.Name));
    }

    [Fact]
    public void Of_a_crowd_everybody_sees_the_same_twelve_names_whoever_spoke_first()
    {
        string[] crowd = [.. Enumerable.Range(0, 30).Select(i => $"P{i:00}")];
        var (even, odd) = (Readers([.. crowd.Where((_, i) => i % 2 == 0)]), Readers([.. crowd.Where((_, i) => i % 2 == 1)]));
        Assert.Equal((12, 3), (even.People.Count, even.More));
        var one = HereTopic.Merge(Topic, [even, odd]);
        Assert.Equal(one, HereTopic.Merge(Topic, [odd, even]));
        Assert.Equal(crowd[..12], one.People.Select(p => p.Name));
        Assert.Equal(30, one.Count);
    }

    [Fact]
    public void A_member_that_is_dead_or_silent_for_thirty_seconds_is_forgotten()
    {
        _book.Heard("n2", [Readers("Ann")]);
        _clock.Pass(30);
        _book.Heard("n3", [Readers("Bob")]);
        Assert.Equal(2, Assert.Single(_book.Others([Topic], _ => true)).Count);
        _clock.Pass(0.1);
        Assert.Equal("Bob", Assert.Single(Assert.Single(_book.Others([Topic], _ => true)).People).Name);
        Assert.Empty(_book.Others([Topic], name => name != "n3"));
        Assert.Empty(_book.Others([Topic], _ => true)); // it has to say it again
    }

    [Fact]
    public void What_is_too_much_or_makes_no_sense_is_left_out()
    {
        Assert.Empty(HereTopic.Sound(null));
        Assert.Empty(HereTopic.Sound([null, HereTopic.Nobody(Topic), new(Topic, null!, -5, -1)]));
        Assert.Equal(HereTopic.MaxTopics, HereTopic.Sound([.. Enumerable.Range(0, 5000).Select(_ => new HereTopic(Guid.NewGuid(), [], 0, 1))]).Count);
        var sound = Assert.Single(HereTopic.Sound([new(Topic, [null!, new(Guid.NewGuid(), new('x', 65)), new(Guid.NewGuid(), null!), .. Readers([.. Enumerable.Range(0, 50).Select(i => $"{i:00}")]).People], int.MaxValue, int.MaxValue)]));
        Assert.InRange(sound.People.Count, 1, HereTopic.MaxPeople);
        Assert.Equal((1_000_000, 1_000_000), (sound.More, sound.Guests));
        Assert.Equal(1_000_000, HereTopic.Merge(Topic, Enumerable.Repeat(sound, 5000)).Guests);
    }

    /// <summary>The same name is the same person.</summary>
    private static HereTopic Readers(params string[] names) =>
        HereTopic.Of(Topic, names.Select(n => new HerePerson(new Guid(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(n)).AsSpan(0, 16)), n)), 0, 0);

    /// <summary>A monotonic clock that stands where it is put.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _milliseconds = 1;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => _milliseconds;

        public void Pass(double seconds) => _milliseconds += (long)Math.Round(seconds * 1000);
    }
}
