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
        var to = new Option<string>("--to") { Description = "Nodes the pages are open on, with commas; one page on n2, more on all nodes, unless this says otherwise." };
        var pages = new Option<int>("--pages") { Description = "Open pages.", DefaultValueFactory = _ => 1 };
        var posts = new Option<int>("--posts") { DefaultValueFactory = _ => 300 };
        var rate = new Option<double>("--rate") { Description = "Posts a second.", DefaultValueFactory = _ => 5 };
        var verb = new Command("live", "Measures from a POST on one node to the event on pages that other nodes serve.") { data, port, engine, size, from, to, pages, posts, rate, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(port), async ring =>
            {
                var open = parse.GetValue(pages);
                string[] nodes = parse.GetValue(to)?.Split(',') ?? (open == 1 ? ["n2"] : [.. ring.Nodes.Select(n => n.Name)]);
                var numbers = await LiveRun.RunAsync(ring, parse.GetValue(from)!, nodes, open, parse.GetValue(posts), parse.GetValue(rate), cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new(open == 1 ? $"live-{server}" : $"live-{open}-pages-{server}", $"Live updates, {server}", provenance, numbers.Verdicts, numbers.Posting.Void, numbers), parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }
}
