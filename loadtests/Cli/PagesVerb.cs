using System.CommandLine;
using Connect.LoadTests.Pages;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Cli;

internal static class PagesVerb
{
    public static Command Create()
    {
        var (data, port, engine, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.ResultFolder());
        var topics = new Option<int>("--topics") { DefaultValueFactory = _ => 100_000 };
        var posts = new Option<int>("--posts") { DefaultValueFactory = _ => 2_000_000 };
        var big = new Option<int>("--big") { Description = "Posts of the topic with the most.", DefaultValueFactory = _ => 126_000 };
        var requests = new Option<int>("--requests") { Description = "Of each kind of page.", DefaultValueFactory = _ => 300 };
        var verb = new Command("pages", "Measures how long pages of a large board take on one node, and how many requests a hot one can have.") { data, port, engine, topics, posts, big, requests, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, 1, parse.GetValue(port), async ring =>
            {
                var board = new BigBoard(parse.GetValue(topics), parse.GetValue(posts), parse.GetValue(big));
                // The last port of those a ring of this size could have.
                var numbers = await new PagesRun(ring, board, parse.GetValue(requests), parse.GetValue(port) + 99, Console.Out).RunAsync(parse.GetValue(topics), parse.GetValue(posts), cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new($"pages-{server}", $"Pages of a large board, {server}", provenance, numbers.Verdicts, [], numbers), parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }

    /// <summary>What a hot page is compared with; started by <see cref="HotPageRun"/>.</summary>
    public static Command CreateConstant()
    {
        var (url, file, encoding) = (new Option<string>("--url") { Required = true }, new Option<string>("--file") { Required = true }, new Option<string>("--encoding") { DefaultValueFactory = _ => "" });
        var verb = new Command("constant", "Serves one page, always the same.") { url, file, encoding };
        verb.Hidden = true;
        verb.SetAction(async (parse, cancel) => await ConstantServer.RunAsync(parse.GetValue(url)!, await File.ReadAllBytesAsync(parse.GetValue(file)!, cancel), parse.GetValue(encoding)!, cancel));
        return verb;
    }
}
