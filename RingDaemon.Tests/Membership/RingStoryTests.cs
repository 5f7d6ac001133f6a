using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

/// <summary>What happens to a ring, in virtual time, over many seeds.</summary>
public sealed class RingStoryTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_pause_of_up_to_a_second_never_makes_anyone_unreachable(int nodes) => Each(200, seed =>
    {
        var world = new World(new() { Nodes = nodes, Seed = seed }).Found();
        for (var at = Second; at < 60 * Second; at += 4 * Second)
        {
            var paused = world[$"n{1 + world.Chance.Below(nodes)}"];
            world.After(at, paused.Pause);
            world.After(at + TimeSpan.FromMilliseconds(1000 - world.Chance.Below(400)), paused.Resume);
        }
        world.Run(64 * Second);
        AssertNobodyWasLost(world, seed);
        Assert.True(world.AllAlive(), $"seed {seed}");
    });

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Five_percent_of_packets_lost_for_five_minutes_make_nobody_unreachable(int nodes) => Each(40, seed =>
    {
        var world = new World(new() { Nodes = nodes, Seed = seed, Loss = 0.05 }).Found();
        world.Run(300 * Second);
        AssertNobodyWasLost(world, seed);
    });

    [Fact]
    public void Where_the_accused_is_not_told_the_simulation_finds_false_deaths()
    {
        var deaths = 0;
        Each(60, seed =>
        {
            var deaf = new MembershipOptions { TellTheAccused = false };
            var world = new World(new() { Nodes = 3, Seed = seed, Loss = 0.05, Membership = deaf }).Found();
            world.Run(300 * Second);
            if (Lost(world).Any()) deaths++;
        });
        output.WriteLine($"{deaths} of 60 runs with a false death");
        Assert.InRange(deaths, 1, 60);
    }

    [Fact]
    public void A_suspect_refutes_and_is_alive_again_everywhere() => Each(200, seed =>
    {
        var world = new World(new() { Nodes = 4, Seed = seed }).Found();
        var before = world["n1"].View.Find("n2")!.Incarnation;
        world["n2"].Pause();
        Assert.NotNull(world.RunUntil(() => world["n1"].Sees("n2") == Liveness.Suspect, 2 * Second));
        world["n2"].Resume();
        Assert.NotNull(world.RunUntil(() => world.AllAlive() && world["n1"].View.Find("n2")!.Incarnation > before, Second));
        AssertNobodyWasLost(world, seed);
    });

    [Fact]
    public void A_long_pause_kills_nobody_else_and_the_sleeper_is_back_within_a_second() => Each(200, seed =>
    {
        var world = new World(new() { Nodes = 4, Seed = seed }).Found();
        world["n2"].Pause();
        world.Run(TimeSpan.FromSeconds(4 + world.Chance.Below(20)));
        Assert.Equal(Liveness.Unreachable, world["n1"].Sees("n2"));
        world["n2"].Resume();
        Assert.True(world.RunUntil(world.AllAlive, Second) is not null, $"seed {seed}");
        world.Run(5 * Second);
        Assert.True(Lost(world).All(s => s.Subject == "n2"), $"seed {seed}: the sleeper killed someone when it woke");
    });

    [Fact]
    public void Hard_evidence_is_with_everyone_after_two_latencies() => Each(200, seed =>
    {
        var world = new World(new() { Nodes = 5, Seed = seed, Loss = 0 }).Found();
        world["n3"].Stop(Power.Down);
        world["n4"].Take(new HardEvidence("n3", world["n4"].View.Find("n3")!.Incarnation, "connection refused"));
        world.Run(2 * world.Options.MaximumLatency);
        Assert.All(world.Running, n => Assert.Equal(Liveness.Unreachable, n.Sees("n3")));
    });

    [Fact]
    public void A_daemon_that_is_killed_is_found_by_its_refused_connection_well_before_a_suspicion_ends() => Each(200, seed =>
    {
        var world = new World(new() { Nodes = 4, Seed = seed }).Found();
        world["n3"].Stop(Power.Down);
        var noticed = world.RunUntil(() => world.Running.All(n => n.Sees("n3") == Liveness.Unreachable), TimeSpan.FromSeconds(1.5));
        Assert.True(noticed is not null, $"seed {seed}");
    });

    [Fact]
    public void Hard_evidence_about_an_older_incarnation_is_ignored()
    {
        var world = new World(new() { Nodes = 3, Seed = 1, Loss = 0 }).Found();
        var old = world["n1"].View.Find("n2")!.Incarnation;
        world["n2"].Take(new SetFacts(world["n2"].Facts with { Source = "n1" }));
        world.Run(Second);
        world["n1"].Take(new HardEvidence("n2", old, "an old connection was reset"));
        Assert.Equal(Liveness.Alive, world["n1"].Sees("n2"));
    }

    [Fact]
    public void A_refused_exchange_alone_does_not_condemn_a_member_that_answers_packets()
    {
        var world = new World(new() { Nodes = 3, Seed = 1 }).Found();
        world["n1"].Take(new ExchangeRefused("n2", world["n1"].View.Find("n2")!.Incarnation));
        Assert.Equal(Liveness.Alive, world["n1"].Sees("n2"));
    }

    [Fact]
    public void Two_members_with_one_name_do_not_flood_the_ring()
    {
        var world = new World(new() { Nodes = 3, Seed = 1 }).Found();
        world["n3"].Stop(Power.Gone);
        world["n3"].Facts = world["n2"].Facts with { DaemonUrl = "http://n3:7000" };
        world["n3"].Start();
        world.Run(30 * Second);
        Assert.Contains(world.Notes, n => n.Contains("calls itself n2 too"));
        Assert.InRange(world["n1"].View.Version, 1, 300);
    }

    [Fact]
    public void Wrong_hard_evidence_is_refuted() => Each(100, seed =>
    {
        var world = new World(new() { Nodes = 3, Seed = seed }).Found();
        world["n1"].Take(new HardEvidence("n2", world["n1"].View.Find("n2")!.Incarnation, "a mistake"));
        Assert.Equal(Liveness.Unreachable, world["n1"].Sees("n2"));
        Assert.True(world.RunUntil(world.AllAlive, Second) is not null, $"seed {seed}");
    });

    [Fact]
    public void New_facts_are_with_everyone_after_one_latency() => Each(100, seed =>
    {
        var world = new World(new() { Nodes = 5, Seed = seed, Loss = 0 }).Found();
        world["n2"].Take(new SetFacts(world["n2"].Facts with { MysqlUp = false }));
        world.Run(world.Options.MaximumLatency);
        Assert.All(world.Nodes, n => Assert.False(n.View.Find("n2")!.Facts.MysqlUp));
    });

    [Fact]
    public void Both_sides_of_a_partition_go_on_and_heal_within_five_seconds() => Each(100, seed =>
    {
        var world = new World(new() { Nodes = 5, Seed = seed }).Found();
        string[] minority = ["n1", "n2"];
        world.Cut((a, b) => minority.Contains(a) != minority.Contains(b));
        world.Run(30 * Second + world.Chance.Within(60 * Second));
        Assert.Equal(Liveness.Unreachable, world["n1"].Sees("n3"));
        Assert.Equal(Liveness.Alive, world["n1"].Sees("n2"));
        Assert.Equal(Liveness.Unreachable, world["n5"].Sees("n2"));
        world.Heal();
        Assert.True(world.RunUntil(world.AllAlive, 5 * Second) is not null, $"seed {seed}");
    });

    [Fact]
    public void One_broken_link_makes_nobody_unreachable() => Each(60, seed =>
    {
        var world = new World(new() { Nodes = 4, Seed = seed }).Found();
        world.Cut((a, b) => (a, b) is ("n1", "n2") or ("n2", "n1"));
        world.Run(60 * Second);
        AssertNobodyWasLost(world, seed);
    });

    [Fact]
    public void Who_left_is_not_brought_back_by_a_member_that_slept_through_the_farewell() => Each(100, seed =>
    {
        var world = new World(new() { Nodes = 4, Seed = seed }).Found();
        world["n4"].Pause();
        world["n2"].Take(new Leave());
        world.Run(2 * Second);
        world["n2"].Stop(Power.Gone);
        world.Run(TimeSpan.FromSeconds(world.Chance.Below(60)));
        world["n4"].Resume();
        world.Run(40 * Second);
        Assert.All(world.Running, n => Assert.Equal(Liveness.Left, n.Sees("n2")));
        Assert.DoesNotContain(world.Sightings, s => s is { Subject: "n2", Liveness: Liveness.Unreachable });
    });

    [Fact]
    public void A_grave_is_forgotten_after_a_day()
    {
        var world = new World(new() { Nodes = 2, Seed = 1 }).Found();
        world["n2"].Take(new Leave());
        world.Run(2 * Second);
        world["n2"].Stop(Power.Gone);
        world.Run(TimeSpan.FromHours(23));
        Assert.Equal(Liveness.Left, world["n1"].Sees("n2"));
        world.Run(TimeSpan.FromHours(2));
        Assert.Null(world["n1"].Sees("n2"));
    }

    [Fact]
    public void Who_left_may_come_back_with_new_data() => Each(50, seed =>
    {
        var world = new World(new() { Nodes = 3, Seed = seed }).Found();
        world["n2"].Take(new Leave());
        world.Run(2 * Second);
        world["n2"].Facts = world["n2"].Facts with { ServerId = 77 };
        world["n2"].Start();
        Assert.True(world.RunUntil(world.AllAlive, 2 * Second) is not null, $"seed {seed}");
        Assert.All(world.Nodes, n => Assert.Equal(77u, n.View.Find("n2")!.Facts.ServerId));
    });

    [Fact]
    public void A_restarted_member_takes_its_place_without_seeds() => Each(100, seed =>
    {
        var world = new World(new() { Nodes = 4, Seed = seed }).Found();
        world["n2"].Stop(seed % 2 == 0 ? Power.Down : Power.Gone);
        world.Run(TimeSpan.FromMilliseconds(world.Chance.Below(10_000)));
        world["n2"].Facts = world["n2"].Facts with { Phase = Phase.Joining };
        world["n2"].Start();
        Assert.True(world.RunUntil(() => world.AllAlive() && world.Nodes.All(n => n.View.Find("n2")!.Facts.Phase == Phase.Joining), 2 * Second) is not null, $"seed {seed}");
    });

    [Fact]
    public void A_whole_ring_that_was_switched_off_finds_itself_again_without_seeds() => Each(60, seed =>
    {
        var world = new World(new() { Nodes = 4, Seed = seed }).Found();
        foreach (var node in world.Nodes) node.Stop(Power.Down);
        world.Run(60 * Second);
        foreach (var node in world.Nodes) world.After(world.Chance.Within(20 * Second), node.Start);
        world.Run(20 * Second);
        Assert.True(world.RunUntil(world.AllAlive, 4 * Second) is not null, $"seed {seed}");
    });

    [Fact]
    public void A_member_that_is_forgotten_counts_as_left_everywhere()
    {
        var world = new World(new() { Nodes = 3, Seed = 3 }).Found();
        world["n2"].Stop(Power.Gone);
        world.Run(5 * Second);
        world["n1"].Take(new Forget("n2"));
        world.Run(Second);
        Assert.All(world.Running, n => Assert.Equal(Liveness.Left, n.Sees("n2")));
    }

    [Fact]
    public void A_sign_of_life_keeps_a_silent_member_for_a_while_but_not_for_ever()
    {
        var world = new World(new() { Nodes = 2, Seed = 5 }).Found();
        var start = world.Now;
        world["n2"].Pause();
        for (var i = 0; i < 200; i++) world.After(i * TimeSpan.FromMilliseconds(100), () => world["n1"].Take(new SignOfLife("n2")));
        var verdict = world.RunUntil(() => world["n1"].Sees("n2") == Liveness.Unreachable, 20 * Second);
        Assert.InRange((verdict!.Value - start).TotalSeconds, 5.5, 7);
    }

    [Fact]
    public void Twenty_members_find_each_other_and_notice_a_death() => Each(5, seed =>
    {
        var world = new World(new() { Nodes = 20, Seed = seed }).Found();
        world["n7"].Stop(Power.Gone);
        Assert.True(world.RunUntil(() => world.Running.All(n => n.Sees("n7") == Liveness.Unreachable), 6 * Second) is not null, $"seed {seed}");
        Assert.True(Lost(world).All(s => s.Subject == "n7"));
    });

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var traces = new HashSet<ulong>();
        for (var seed = 1UL; seed <= 20; seed++)
        {
            Assert.Equal(Stormy(seed), Stormy(seed));
            traces.Add(Stormy(seed));
        }
        Assert.Equal(20, traces.Count);
    }

    [Fact]
    public void After_a_storm_of_crashes_pauses_and_partitions_everyone_finds_everyone() => Each(100, seed => Stormy(seed));

    /// <summary>Thirty seconds in which anything may happen, then peace: all must be well ten seconds later.</summary>
    private static ulong Stormy(ulong seed)
    {
        var world = new World(new() { Nodes = 2 + (int)(seed % 5), Seed = seed, Loss = 0.05 }).Found();
        for (var i = 0; i < 30; i++)
        {
            var node = world.Nodes.ElementAt(world.Chance.Below(world.Options.Nodes));
            switch (world.Chance.Below(6))
            {
                case 0: node.Pause(); break;
                case 1: node.Resume(); break;
                case 2: node.Stop(world.Chance.Below(2) == 0 ? Power.Down : Power.Gone); break;
                case 3: if (node.Power is Power.Down or Power.Gone) node.Start(); break;
                case 4: world.Cut((a, b) => a == node.Name != (b == node.Name)); break;
                case 5: world.Heal(); break;
            }
            world.Run(Second);
        }
        world.Heal();
        foreach (var node in world.Nodes)
        {
            if (node.Power is Power.Down or Power.Gone) node.Start();
            node.Resume();
        }
        Assert.True(world.RunUntil(world.AllAlive, 10 * Second) is not null, $"seed {seed} does not settle:\n{string.Join('\n', world.Notes.TakeLast(40))}");
        return world.TraceHash;
    }

    private static IEnumerable<Sighting> Lost(World world) => world.Sightings.Where(s => s.Liveness == Liveness.Unreachable);

    private static void AssertNobodyWasLost(World world, ulong seed) =>
        Assert.True(!Lost(world).Any(), $"seed {seed}: {string.Join(", ", Lost(world))}\n{string.Join('\n', world.Notes.TakeLast(30))}");

    private static void Each(int seeds, Action<ulong> story)
    {
        for (var seed = 1UL; seed <= (ulong)seeds; seed++) story(seed);
    }
}
