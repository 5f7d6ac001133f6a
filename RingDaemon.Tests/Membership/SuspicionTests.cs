using Connect.RingDaemon.Membership;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class SuspicionTests
{
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(100);

    [Theory]
    [InlineData(0, 0, 1500)] // n = 2: nobody can confirm, so the shortest time from the start
    [InlineData(1, 0, 3000)] // n = 3
    [InlineData(1, 1, 1500)]
    [InlineData(2, 0, 3000)] // n >= 4
    [InlineData(2, 1, 2053)] // 3000 - ln 2 / ln 3 x 1500 = 2053.6
    [InlineData(2, 2, 1500)]
    [InlineData(2, 3, 1500)] // never below the minimum
    [InlineData(3, 1, 2250)]
    public void Confirmations_shorten_a_suspicion_logarithmically(int wanted, int confirmations, int milliseconds) =>
        Assert.Equal(milliseconds, Suspicion.Timeout(Milliseconds(1500), Milliseconds(3000), wanted, confirmations).TotalMilliseconds);

    [Fact]
    public void Only_a_new_accuser_confirms_and_only_as_many_as_wanted_count()
    {
        var suspicion = Open(wanted: 2);
        Assert.False(suspicion.Confirm("n1"));
        Assert.True(suspicion.Confirm("n3"));
        Assert.False(suspicion.Confirm("n3"));
        Assert.Equal(Start + Milliseconds(2053), suspicion.Deadline);
        Assert.True(suspicion.Confirm("n4"));
        Assert.False(suspicion.Confirm("n5"));
        Assert.Equal(Start + Milliseconds(1500), suspicion.Deadline);
    }

    [Fact]
    public void My_own_stall_does_not_count_against_the_suspect()
    {
        var suspicion = Open(wanted: 0);
        suspicion.Shift(Milliseconds(3200));
        Assert.Equal(Start + Milliseconds(4700), suspicion.Deadline);
    }

    [Fact]
    public void A_sign_of_life_pushes_the_verdict_back_but_not_for_ever()
    {
        var suspicion = Open(wanted: 0);
        suspicion.Postpone(Start + Milliseconds(500));
        Assert.Equal(Start + Milliseconds(1500), suspicion.Deadline);
        suspicion.Postpone(Start + Milliseconds(1400));
        Assert.Equal(Start + Milliseconds(2150), suspicion.Deadline);
        for (var at = 1500; at < 60_000; at += 100) suspicion.Postpone(Start + Milliseconds(at));
        Assert.Equal(Start + Milliseconds(6000), suspicion.Deadline);
    }

    [Theory]
    [InlineData(2, 1500)]
    [InlineData(10, 1500)]
    [InlineData(100, 3000)]
    public void The_shortest_suspicion_grows_with_the_logarithm_of_the_ring(int members, int milliseconds) =>
        Assert.Equal(milliseconds, new MembershipOptions().SuspicionMinimum(members).TotalMilliseconds);

    [Theory]
    [InlineData(0, 300, 1500)]
    [InlineData(1, 600, 2250)]
    [InlineData(7, 2400, 6750)]
    [InlineData(50, 2400, 6750)]
    public void A_sick_member_probes_and_accuses_more_slowly(int faults, int interval, int suspicion)
    {
        var awareness = new Awareness(7);
        awareness.Change(faults);
        Assert.Equal(interval, awareness.ScaleInterval(Milliseconds(300)).TotalMilliseconds);
        Assert.Equal(suspicion, awareness.ScaleSuspicion(Milliseconds(1500)).TotalMilliseconds);
    }

    private static Suspicion Open(int wanted) => new(7, "n1", Start, Milliseconds(1500), Milliseconds(3000), wanted);

    private static TimeSpan Milliseconds(int value) => TimeSpan.FromMilliseconds(value);
}
