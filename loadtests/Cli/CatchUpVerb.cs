using System.CommandLine;
using Connect.LoadTests.CatchUp;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Cli;

internal static class CatchUpVerb
{
    public static Command Create()
    {
        var (data, port, engine, size, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.RingSize(), Options.ResultFolder());
        var victim = new Option<string>("--victim") { Description = "Node that is away.", DefaultValueFactory = _ => "n2" };
        var away = new Option<double>("--away") { Description = "Minutes it is away.", DefaultValueFactory = _ => 60 };
        var rate = new Option<double>("--rate") { Description = "Posts a second through the load balancer.", DefaultValueFactory = _ => 100 };
        var verb = new Command("catch-up", "Measures how fast a node that was away catches up while people go on posting.") { data, port, engine, size, victim, away, rate, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            var options = new CatchUpOptions(parse.GetValue(victim)!, TimeSpan.FromMinutes(parse.GetValue(away)), parse.GetValue(rate));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(port), async ring =>
            {
                var numbers = await new CatchUpRun(ring, options, Console.Out).RunAsync(cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new($"catch-up-{server}", $"Catching up after {options.Away.TotalMinutes:0.#} minutes, {server}", provenance, numbers.Verdicts, numbers.Void, numbers),
                    parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }
}
