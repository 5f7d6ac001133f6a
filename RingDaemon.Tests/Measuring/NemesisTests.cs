using System.Text.Json.Nodes;
using Connect.LoadTests.Nemesis;
using Connect.LoadTests.Results;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public sealed class NemesisTests
{
    private static readonly string[] Nodes = ["n1", "n2", "n3"];
    private static readonly string[] Kinds = [.. FaultKinds.All.Select(k => k.Name)];

    [Fact]
    public void A_seed_and_a_number_always_draw_the_same_fault()
    {
        for (var number = 1; number <= 100; number++)
            Assert.Equal(FaultKinds.Of(7, number, Kinds, Nodes).Fault.Story, FaultKinds.Of(7, number, Kinds, Nodes).Fault.Story);
        Assert.NotEqual(Stories(7), Stories(8));
    }

    [Fact]
    public void Every_kind_comes_once_before_any_comes_again()
    {
        for (var round = 0; round < 5; round++)
            Assert.Equal(Kinds.Order(), Enumerable.Range(1 + round * Kinds.Length, Kinds.Length).Select(n => FaultKinds.Of(3, n, Kinds, Nodes).Kind.Name).Order());
        Assert.NotEqual(Order(round: 0), Order(round: 1));
    }

    [Fact]
    public void Every_node_and_both_groups_of_a_cut_ring_are_drawn()
    {
        var stories = Enumerable.Range(1, 200).Select(n => FaultKinds.Named("halves").Draw(new(1, n, Nodes)).Story).ToArray();
        foreach (var node in Nodes)
        {
            Assert.Contains(stories, s => s.StartsWith($"{node} and ", StringComparison.Ordinal));
            Assert.Contains(stories, s => s.Contains($", {node} also from load balancer", StringComparison.Ordinal));
        }
        Assert.Contains(stories, s => !s.Contains("also from", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("n3", "n1", "n2", true)]  // a ring of three
    [InlineData("n2", "n1", "n2", false)] // n1 and n2 follow each other, nobody follows n3
    [InlineData(null, "n1", "n2", false)] // n1 follows nobody
    public void The_timeline_calls_a_ring_closed_only_if_following_the_sources_visits_everybody(string? first, string? second, string? third, bool closed) =>
        Assert.Equal(closed, Observer.Of(1, Nodes, [Answer(first), Answer(second), Answer(third)]).Closed);

    [Fact]
    public void Who_does_not_answer_or_is_not_alive_is_no_part_of_the_ring_that_is_closed()
    {
        var moment = Observer.Of(1, Nodes, [Answer("n2"), Answer("n1"), null]);
        Assert.True(moment.Closed);
        Assert.Equal("aa-", moment.States);
        Assert.False(Observer.Of(1, Nodes, [Answer("n2"), Answer("n3"), Answer("n1", state: "joining")]).Closed);
        Assert.False(Observer.Of(1, Nodes, [null, null, null]).Closed);
    }

    [Fact]
    public void Copies_differ_if_rows_contents_or_a_whole_table_do()
    {
        TableCopy[] equal = [new("n1", "post", 2, "00aabbccddeeff00"), new("n2", "post", 2, "00aabbccddeeff00")];
        Assert.Empty(CopyCheck.Differences(equal, ["n1", "n2"]));
        Assert.NotEmpty(CopyCheck.Differences([equal[0], equal[1] with { Rows = 3 }], ["n1", "n2"]));
        Assert.NotEmpty(CopyCheck.Differences([equal[0], equal[1] with { Digest = "11aabbccddeeff00" }], ["n1", "n2"]));
        Assert.NotEmpty(CopyCheck.Differences([equal[0]], ["n1", "n2"]));
    }

    [Fact]
    public void The_page_names_each_fault_escapes_what_it_shows_and_loads_nothing()
    {
        var fault = new FaultResult { Number = 1, Kind = "kill-node", Story = "kill <n2>", LoadFrom = 0, Began = 2, Mending = 4, Whole = 6.5, Acknowledged = 50 };
        var numbers = new NemesisNumbers("MariaDB", Nodes, new(5, TimeSpan.FromMinutes(1), ["kill-node"]), 10, [fault, fault with { Number = 2, Violation = "2 posts & more" }],
            [Observer.Of(1, Nodes, [Answer("n3"), Answer("n1"), Answer("n2")]), Observer.Of(2, Nodes, [null, null, null])], [new(1, 30, 1, 2)]);
        var page = NemesisReport.Page("Nemesis", Provenance.Now("scripts/nemesis"), numbers);
        Assert.Contains("kill &lt;n2&gt;", page, StringComparison.Ordinal);
        Assert.Contains("2 posts &amp; more", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.Equal(2.5, numbers.Kinds.Single().MedianHeal);
        Assert.Equal("fault 2 (kill-node): 2 posts & more", numbers.Violation);
        Assert.Contains(numbers.Verdicts, v => !v.Passed);
    }

    [Fact]
    public void Runs_are_put_together_from_their_results()
    {
        var folder = Directory.CreateTempSubdirectory("connect-nemesis-sum-").FullName;
        try
        {
            Assert.Throws<LoadTests.Ring.MeasurementException>(() => NemesisSummary.Of(folder));
            var healed = new FaultResult { Number = 1, Kind = "kill-node", Story = "", LoadFrom = 0, Began = 2, Mending = 4, Whole = 6.5, Acknowledged = 50 };
            var lost = healed with { Number = 2, Lost = [new("n1", "t", Guid.Empty, "missing")], Violation = "lost" };
            Save("MariaDB 10", "nemesis-mariadb-1", [healed, healed with { Whole = 8.5 }]);
            Save("MySQL 9", "nemesis-mysql-1", [healed, lost]);
            var page = NemesisSummary.Of(folder);
            Assert.Contains("4 faults in 0.20 hours", page, StringComparison.Ordinal);
            Assert.Contains("| kill-node: all processes of a node crash together | 2 | 2 | 1 | 0 | 0 | 0 | 2.5 | 2.5 | 4.5 |", page, StringComparison.Ordinal);
            Assert.Contains("| kill-board: a board crashes | 0 | 0 | 0 | 0 | 0 | 0 |", page, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Save(string engine, string name, FaultResult[] faults)
        {
            var numbers = new NemesisNumbers(engine, Nodes, new(5, TimeSpan.FromMinutes(1), ["kill-node"]), 360, faults, [], []);
            new StoredResult(name, name, Provenance.Now("scripts/nemesis"), numbers.Verdicts, numbers.Void, numbers).Save(folder, NemesisReport.Body(numbers));
        }
    }

    private static string[] Stories(ulong seed) => [.. Enumerable.Range(1, 50).Select(n => FaultKinds.Of(seed, n, Kinds, Nodes).Fault.Story)];

    private static string[] Order(int round) => [.. Enumerable.Range(1 + round * Kinds.Length, Kinds.Length).Select(n => FaultKinds.Of(3, n, Kinds, Nodes).Kind.Name)];

    private static JsonObject Answer(string? source, string state = "alive") => new() { ["state"] = state, ["source"] = source, ["replication"] = "running", ["lagSeconds"] = 0.5 };
}
