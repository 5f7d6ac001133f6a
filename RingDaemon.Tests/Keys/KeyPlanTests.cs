using Connect.RingDaemon.Keys;

namespace Connect.RingDaemon.Tests.Keys;

public sealed class KeyPlanTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    /// <summary>a is older than b, which is older than c; x and y have no date.</summary>
    [Theory]
    [InlineData("a|a|a", KeyStep.Done, "a", "")]
    [InlineData("ab|a|a", KeyStep.Add, "b", "2 3")]
    [InlineData("ab|ab|a", KeyStep.Add, "b", "3")]
    [InlineData("ab|ab|ab", KeyStep.Promote, "b", "1 2 3")]
    [InlineData("ba|ab|ba", KeyStep.Promote, "b", "2")]
    [InlineData("ba|ba|ba", KeyStep.Remove, "b", "1 2 3")]
    [InlineData("b|ba|b", KeyStep.Remove, "b", "2")]
    [InlineData("b|b|b", KeyStep.Done, "b", "")]
    [InlineData("ab|ac|a", KeyStep.Add, "c", "1 3")] // two rotations at once: the newer one wins, with everything the other left
    [InlineData("xy|xy|xy", KeyStep.Remove, "x", "1 2 3")] // a second key that was left by hand
    [InlineData("x|xy|x", KeyStep.Remove, "x", "2")]
    [InlineData("xa|x|x", KeyStep.Add, "a", "2 3")] // from a key file of before keys had dates
    public void What_is_next_follows_from_what_members_hold(string held, KeyStep step, string target, string behind)
    {
        var move = KeyPlan.Next([.. held.Split('|').Select((keys, i) => Report($"{i + 1}", keys, null))]);
        Assert.Equal((step, target, behind), (move.Step, move.Target, string.Join(' ', move.Behind.Select(m => m.Node))));
    }

    [Theory]
    [InlineData("ab", "a", KeyStep.Add)]      // its daemon has it, its board not yet
    [InlineData("ba", "ab", KeyStep.Promote)] // the board still shows the old key's token
    [InlineData("ba", "", KeyStep.Add)]       // a board that is up and has not said anything
    [InlineData("ba", null, KeyStep.Remove)]  // no board to wait for
    public void A_step_waits_for_the_board(string daemon, string? board, KeyStep step) => Assert.Equal(step, KeyPlan.Next([Report("1", daemon, board)]).Step);

    /// <summary>
    /// Whatever the order in which members and boards take a step, however often whoever leads it is replaced by somebody with older reports, and wherever it is broken off:
    /// what anybody seals, everybody opens.
    /// </summary>
    [Fact]
    public void At_no_moment_is_anybody_misunderstood_and_it_always_ends()
    {
        for (var seed = 1; seed <= 2000; seed++)
        {
            var dice = new Random(seed);
            var daemons = Enumerable.Range(0, dice.Next(1, 6)).Select(_ => "a").ToArray();
            var boards = daemons.Select(_ => dice.Next(4) == 0 ? null : "a").ToArray();
            daemons[dice.Next(daemons.Length)] = "ab"; // the new key is made
            var believed = Reports();
            for (var moves = 0; ; moves++)
            {
                Assert.True(moves < 2000, $"seed {seed} does not end: {string.Join('|', daemons)}");
                AssertUnderstood(seed);
                // A leader that was paused goes by what it saw then.
                var seen = dice.Next(3) == 0 ? believed : believed = Reports();
                var move = KeyPlan.Next(seen);
                if (move.Step == KeyStep.Done && ReferenceEquals(seen, believed) && KeyPlan.Next(Reports()).Step == KeyStep.Done) break;
                if (move.Behind.Count == 0) continue;
                var member = move.Behind[dice.Next(move.Behind.Count)];
                var i = int.Parse(member.Node) - 1;
                if (dice.Next(2) == 0) boards[i] = boards[i] is null ? null : daemons[i]; // the board reads the file
                else if (string.Concat(member.Ids) == daemons[i]) daemons[i] = string.Concat(KeyPlan.After(move.Step, move.Target, member.Ids)); // as expected, or nothing
            }
            Assert.All(daemons, held => Assert.Equal("b", held));

            List<KeyReport> Reports() => [.. daemons.Select((keys, i) => Report($"{i + 1}", keys, boards[i]))];

            void AssertUnderstood(int of)
            {
                foreach (var sealer in daemons)
                    foreach (var opener in daemons) Assert.True(opener.Contains(sealer[0], StringComparison.Ordinal), $"seed {of}: {string.Join('|', daemons)}");
                for (var i = 0; i < boards.Length; i++)
                    Assert.True(boards[i] is not { } board || daemons[i].Contains(board[0], StringComparison.Ordinal), $"seed {of}: board {boards[i]} of {daemons[i]}");
            }
        }
    }

    private static KeyReport Report(string node, string keys, string? board) =>
        new(node, [.. keys.Select(k => new HeldKey($"{k}", k is 'x' or 'y' ? null : Noon.AddDays(k)))], board?.Select(k => $"{k}").ToList(), null);
}
