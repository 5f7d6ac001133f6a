using System.Text.Json.Nodes;
using Connect.LoadTests.Load;
using Connect.LoadTests.Results;
using Xunit;

namespace Connect.RingDaemon.Tests.Measuring;

public class StoredResultTests
{
    [Fact]
    public void A_stored_result_holds_its_origin_its_verdicts_and_every_raw_number()
    {
        var folder = Directory.CreateTempSubdirectory("connect-results").FullName;
        try
        {
            var second = System.Diagnostics.Stopwatch.Frequency;
            var scenario = Scenario.Create("posts", _ => Task.FromResult(Response.Ok())).WithLoad(LoadSimulation.Inject(1, TimeSpan.FromSeconds(2)));
            var load = LoadSummary.Of(scenario, [new(null, 0, 0, second / 10, Outcome.Ok, ""), new(null, second, second, second + second / 2, Outcome.Failed, "503")], 0, 2 * second, 0);
            var result = new StoredResult("example", "An example", Provenance.Now("a command"), [new("p99, ms", 400, load.Latency.P99)], load.Void, new { load });
            result.Save(folder, "A table.");

            var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "example.json")))!;
            Assert.Equal("100 500", (string?)json["numbers"]!["load"]!["rawLatencies"]);
            Assert.Equal(1, (int?)json["numbers"]!["load"]!["failures"]!["503"]);
            Assert.Equal("a command", (string?)json["provenance"]!["command"]);
            Assert.True((int?)json["provenance"]!["machine"]!["cores"] > 0);
            var page = File.ReadAllText(Path.Combine(folder, "example.md"));
            Assert.Contains("| p99, ms | 400 | 500 | **fail** |", page, StringComparison.Ordinal);
            Assert.Equal(1, result.ExitCode);
            Assert.Equal(3, (result with { Void = ["the generator was late"] }).ExitCode);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
