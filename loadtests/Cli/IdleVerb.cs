using System.CommandLine;
using Connect.LoadTests.Idle;
using Connect.LoadTests.Results;

namespace Connect.LoadTests.Cli;

internal static class IdleVerb
{
    public static Command Create()
    {
        var (data, port, engine, size, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.RingSize(), Options.ResultFolder());
        var settle = new Option<double>("--settle") { Description = "Seconds left out first: until then the just-in-time compiler is still at work.", DefaultValueFactory = _ => 120 };
        var seconds = new Option<double>("--seconds") { Description = "Seconds measured.", DefaultValueFactory = _ => 60 };
        var verb = new Command("idle", "Measures what the processes of a ring cost that nobody uses.") { data, port, engine, size, settle, seconds, results };
        verb.SetAction((parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            return Measured.OnRingAsync(parse.GetValue(data)!, parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(port), async ring =>
            {
                var numbers = await IdleRun.RunAsync(ring, TimeSpan.FromSeconds(parse.GetValue(settle)), TimeSpan.FromSeconds(parse.GetValue(seconds)), cancel);
                var server = ring.Nodes[0].Settings.Database.Engine.ToString().ToLowerInvariant();
                return Measured.Store(new($"idle-{server}", $"The cost of an idle ring, {server}", provenance, numbers.Verdicts, [], numbers), parse.GetValue(results)!, numbers.Body());
            }, cancel);
        });
        return verb;
    }
}
