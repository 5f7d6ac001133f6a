using System.CommandLine;
using Connect.LoadTests.FalseBridges;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Cli;

internal static class FalseBridgesVerb
{
    public static Command Create()
    {
        var (data, port, engine, size, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.RingSize(), Options.ResultFolder());
        var minutes = new Option<double>("--minutes") { Description = "Minutes with every core busy.", DefaultValueFactory = _ => 30 };
        var busy = new Option<int>("--busy") { Description = "Busy processes; one a core if it is not given.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var rate = new Option<double>("--rate") { Description = "Posts a second through the load balancer.", DefaultValueFactory = _ => 10 };
        var shorts = new Option<int>("--short-pauses") { Description = "Pauses of 0.2 to 1 s, for each of node, server and daemon.", DefaultValueFactory = _ => 15 };
        var longs = new Option<int>("--long-pauses") { Description = "Pauses of 3 to 20 s, for each of node, server and daemon.", DefaultValueFactory = _ => 6 };
        var seed = new Option<int>("--seed") { Description = "Draws lengths and waits.", DefaultValueFactory = _ => 1 };
        var verb = new Command("false-bridges", "Counts changes of source that nothing but a busy machine or a pause has caused.") { data, port, engine, size, minutes, busy, rate, shorts, longs, seed, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            var options = new FalseBridgesOptions(TimeSpan.FromMinutes(parse.GetValue(minutes)), parse.GetValue(busy), parse.GetValue(rate), parse.GetValue(shorts), parse.GetValue(longs), parse.GetValue(seed));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(port), async ring =>
            {
                var numbers = await new FalseBridgesRun(ring, options, Console.Out).RunAsync(cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new($"false-bridges-{server}", $"False bridges, {server}", provenance, numbers.Verdicts, numbers.Void, numbers), parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }
}
