using System.CommandLine;
using Connect.LoadTests.Live;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Cli;

internal static class LiveVerb
{
    public static Command Create()
    {
        var (data, port, engine, size, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.RingSize(), Options.ResultFolder());
        var from = new Option<string>("--from") { Description = "Node posted on.", DefaultValueFactory = _ => "n1" };
        var to = new Option<string>("--to") { Description = "Node the page is open on.", DefaultValueFactory = _ => "n2" };
        var posts = new Option<int>("--posts") { DefaultValueFactory = _ => 300 };
        var rate = new Option<double>("--rate") { Description = "Posts a second.", DefaultValueFactory = _ => 5 };
        var verb = new Command("live", "Measures from a POST on one node to the event on a page that another node serves.") { data, port, engine, size, from, to, posts, rate, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(port), async ring =>
            {
                var numbers = await LiveRun.RunAsync(ring, parse.GetValue(from)!, parse.GetValue(to)!, parse.GetValue(posts), parse.GetValue(rate), cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new($"live-{server}", $"Live updates, {server}", provenance, numbers.Verdicts, numbers.Posting.Void, numbers), parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }
}
