using System.CommandLine;
using Connect.LoadTests.Convergence;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Cli;

internal static class ChecksumVerb
{
    public static Command Create()
    {
        var (data, port, engine, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.ResultFolder());
        var posts = new Option<int>("--posts") { Description = "Posts in the ring.", DefaultValueFactory = _ => 1_000_000 };
        var verb = new Command("checksum", "Measures what comparing and repairing a large board costs.") { data, port, engine, posts, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, 3, parse.GetValue(port), async ring =>
            {
                var numbers = await ChecksumRun.RunAsync(ring, parse.GetValue(posts), cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new($"checksum-{server}", $"Comparing {numbers.Posts:n0} posts on three nodes, {server}", provenance, numbers.Verdicts, [], numbers), parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }
}
