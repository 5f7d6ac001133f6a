using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class SmallPartsTests
{
    [Fact]
    public void A_rumour_is_passed_on_a_bounded_number_of_times()
    {
        var broadcasts = new Broadcasts();
        broadcasts.Enqueue(Accusation("n1"), 40);
        var taken = new List<Rumour>();
        for (var i = 0; i < 10; i++) broadcasts.Take(1000, 64, 4, taken);
        Assert.Equal(4, taken.Count);
        Assert.Equal(0, broadcasts.Count);
    }

    [Fact]
    public void A_newer_rumour_about_a_member_replaces_the_older()
    {
        var broadcasts = new Broadcasts();
        broadcasts.Enqueue(Accusation("n1"), 40);
        broadcasts.Enqueue(Accusation("n1") with { Incarnation = 9 }, 40);
        var taken = new List<Rumour>();
        broadcasts.Take(1000, 64, 4, taken);
        Assert.Equal(9UL, Assert.Single(taken).Incarnation);
    }

    [Fact]
    public void Only_what_fits_is_taken_and_the_least_heard_goes_first()
    {
        var broadcasts = new Broadcasts();
        foreach (var name in new[] { "n1", "n2", "n3" }) broadcasts.Enqueue(Accusation(name), 40);
        var taken = new List<Rumour>();
        broadcasts.Take(90, 64, 4, taken);
        Assert.Equal(["n3", "n2"], taken.Select(r => r.Subject));
        taken.Clear();
        broadcasts.Take(50, 64, 4, taken);
        Assert.Equal("n1", Assert.Single(taken).Subject);
        taken.Clear();
        broadcasts.Take(1000, 2, 4, taken);
        Assert.Equal(2, taken.Count);
    }

    [Fact]
    public void Everyone_is_probed_once_a_round_and_a_hurried_one_first()
    {
        var schedule = new ProbeSchedule(new(1));
        for (var i = 1; i <= 5; i++) schedule.Add($"n{i}");
        var round = Enumerable.Range(0, 15).Select(_ => schedule.Next()!).ToList();
        // A newcomer's random place may put it before the point reached, so the first round can be short; shuffled ones are whole.
        foreach (var whole in round.Skip(round.Count % 5).Chunk(5)) Assert.Equal(5, whole.Distinct().Count());
        schedule.Hurry("n4");
        schedule.Hurry("stranger");
        Assert.Equal("n4", schedule.Next());
        schedule.Remove("n4");
        Assert.DoesNotContain("n4", Enumerable.Range(0, 12).Select(_ => schedule.Next()));
    }

    [Fact]
    public void A_grave_is_cleared_after_a_day_or_when_there_are_too_many()
    {
        var graveyard = new Graveyard(TimeSpan.FromHours(24), 2);
        graveyard.Bury("n1", TimeSpan.Zero);
        graveyard.Bury("n2", TimeSpan.FromHours(1));
        Assert.Null(graveyard.Clear(TimeSpan.FromHours(23)));
        Assert.Equal("n1", graveyard.Clear(TimeSpan.FromHours(24)));
        graveyard.Bury("n3", TimeSpan.FromHours(24));
        graveyard.Bury("n4", TimeSpan.FromHours(24));
        Assert.Equal("n2", graveyard.Clear(TimeSpan.FromHours(24)));
        Assert.Null(graveyard.Clear(TimeSpan.FromHours(24)));
    }

    [Fact]
    public void The_generator_draws_the_same_numbers_on_every_machine()
    {
        var prng = new Prng(1234567);
        // The reference values of SplitMix64 for this seed.
        Assert.Equal([6457827717110365317, 3203168211198807973, 9817491932198370423], new[] { prng.Next(), prng.Next(), prng.Next() });
    }

    [Theory]
    [InlineData("http://10.0.0.1:7081", "10.0.0.1:7081")]
    [InlineData("https://n1.example/", "n1.example:443")]
    [InlineData("ftp://n1", null)]
    [InlineData("n1", null)]
    public void Packets_go_to_host_and_port_of_the_daemons_address(string url, string? address) => Assert.Equal(address, MemberAddress.Of(url));

    [Fact]
    public void The_simulated_nodes_have_facts_that_fit_into_a_packet() =>
        Assert.InRange(RingDaemon.Membership.Wire.MessageCodec.SizeOf(Rumour.Alive(SimulatedNode.FactsOf("n1"), 1)), 1, 300);

    private static Rumour Accusation(string name) => new(Liveness.Suspect, name, 1, "n9");
}
