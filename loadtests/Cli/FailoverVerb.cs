using System.CommandLine;
using Connect.LoadTests.Failover;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;

namespace Connect.LoadTests.Cli;

internal static class FailoverVerb
{
    public static Command Create()
    {
        var (data, port, engine, size, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.RingSize(), Options.ResultFolder());
        var what = new Option<string>("--what") { Description = "What of a node is broken.", DefaultValueFactory = _ => "mysql" }.AcceptOnly("mysql", "node");
        var signal = new Option<string>("--signal") { Description = "KILL: a crash. STOP: silence.", DefaultValueFactory = _ => "KILL" }.AcceptOnly("KILL", "STOP");
        var rounds = new Option<int>("--rounds") { Description = "Kills, in turn over the nodes.", DefaultValueFactory = _ => 30 };
        var load = new Option<double>("--load") { Description = "Posts a second through the load balancer; 0 for none.", DefaultValueFactory = _ => 50 };
        var seed = new Option<int>("--seed") { Description = "Of the random waits before kills.", DefaultValueFactory = _ => 1 };
        var verb = new Command("failover", "Kills nodes in turn and measures the detour: from the signal to data on the new link and nobody sent to the dead.")
        {
            data, port, engine, size, what, signal, rounds, load, seed, results,
        };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            var options = new FailoverOptions(parse.GetValue(what)!, Enum.Parse<KillSignal>(parse.GetValue(signal)!, ignoreCase: true), parse.GetValue(rounds), parse.GetValue(load), parse.GetValue(seed));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(port), async ring =>
            {
                var numbers = await new FailoverRun(ring, options, Console.Out).RunAsync(cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                var name = $"failover-{server}-{options.What}-{options.Signal.ToString().ToLowerInvariant()}";
                var result = new StoredResult(name, $"Failover: {options.What} of a node, SIG{options.Signal.ToString().ToUpperInvariant()}, {server}", provenance,
                    FailoverReport.Verdicts(numbers), FailoverReport.Void(numbers), numbers);
                return Measured.Store(result, parse.GetValue(results)!, FailoverReport.Body(numbers));
            }, cancel);
        });
        return verb;
    }
}
