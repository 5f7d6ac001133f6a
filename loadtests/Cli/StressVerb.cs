using System.CommandLine;
using Connect.LoadTests.Posting;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Cli;

internal static class StressVerb
{
    public static Command Create()
    {
        var (data, port, engine, size, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.RingSize(), Options.ResultFolder());
        var rate = new Option<double>("--rate") { Description = "Posts a second.", DefaultValueFactory = _ => 50 };
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 60 };
        var verb = new Command("stress", "Posts through the load balancer with a ledger; nothing is broken.") { data, port, engine, size, rate, seconds, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(port), async ring =>
            {
                var numbers = await StressRun.RunAsync(ring, parse.GetValue(rate), TimeSpan.FromSeconds(parse.GetValue(seconds)), cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new($"stress-{server}-{numbers.Rate:0}", $"{numbers.Rate:0} posts a second, {server}", provenance, numbers.Verdicts, numbers.Load.Void, numbers), parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }
}
