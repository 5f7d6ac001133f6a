using Connect.BoardWeb.Live;
using Connect.BoardWeb.Search;
using Connect.Node.Database;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>When the search index leaves the processors to a server that catches up.</summary>
public sealed class CatchingUpTests
{
    private readonly HandClock _time = new();
    private readonly CatchingUp _catchingUp;

    public CatchingUpTests() => _catchingUp = new(_time);

    [Fact]
    public void A_server_that_comes_nearer_faster_than_time_passes_is_catching_up_until_it_is_level()
    {
        Assert.False(Look(behind: 3600), "nothing is known at the first look");
        for (var behind = 3580; behind >= 20; behind -= 20) Assert.True(Look(behind), $"{behind} s behind");
        Assert.False(Look(behind: 0));
        Assert.False(Look(behind: 0));
    }

    [Theory]
    [InlineData(0)] // people write
    [InlineData(600)] // a server that is behind as it was a second ago
    public void A_server_that_keeps_its_distance_is_not(int behind)
    {
        for (var i = 0; i < 20; i++) Assert.False(Look(behind));
    }

    [Fact]
    public void Neither_is_one_on_which_nothing_happens()
    {
        for (var behind = 600; behind < 620; behind++) Assert.False(Look(behind));
    }

    [Fact]
    public void What_is_written_after_a_long_silence_is_new()
    {
        Look(behind: 7200);
        Assert.False(Look(behind: 1));
    }

    [Fact]
    public void One_origin_of_several_is_enough_and_one_that_was_not_known_tells_nothing()
    {
        var (old, later) = (At(3600), At(3000));
        Assert.False(_catchingUp.Look(Marks.None.With(1, At(0)).With(2, old)));
        Assert.False(_catchingUp.Look(Marks.None.With(1, At(0)).With(2, old).With(3, old)));
        Assert.True(_catchingUp.Look(Marks.None.With(1, At(0)).With(2, later).With(3, old)));
    }

    [Fact]
    public void Nobody_waits_longer_than_ten_minutes_for_it()
    {
        Look(behind: 1_000_000);
        for (var i = 0; i < CatchingUp.Longest.TotalSeconds; i++) Assert.True(Look(behind: 900_000 - 10 * i));
        Assert.False(Look(behind: 800_000));
        Assert.False(Look(behind: 700_000));
        Assert.False(Look(behind: 700_001)); // it stood still: from here on it counts anew
        Assert.True(Look(behind: 600_000));
    }

    /// <summary>A second later, with a newest row that is so many seconds old.</summary>
    private bool Look(int behind)
    {
        _time.At += TimeSpan.FromSeconds(1);
        return _catchingUp.Look(Marks.None.With(1, At(behind)));
    }

    private Guid At(int behind) => Uuid7.LowestAt(_time.At - TimeSpan.FromSeconds(behind));

    private sealed class HandClock : TimeProvider
    {
        public DateTimeOffset At { get; set; } = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => At;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => At.Ticks;
    }
}
