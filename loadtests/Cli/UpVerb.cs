using System.CommandLine;
using Connect.LoadTests.Results;
using Connect.LoadTests.Ring;
using Connect.LoadTests.Up;

namespace Connect.LoadTests.Cli;

internal static class UpVerb
{
    public static Command Create()
    {
        var (data, port, engine, size, results) = (Options.Data(), Options.Port(), Options.Engine(), Options.RingSize(), Options.ResultFolder());
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5 };
        var verb = new Command("up", "Times ./connect up from an empty folder, the first page, and ./connect down --wipe.") { data, port, engine, size, rounds, results };
        verb.SetAction(async (parse, cancel) =>
        {
            var provenance = Provenance.Now(CommandText.Of(parse));
            try
            {
                var numbers = await UpRun.RunAsync(parse.GetValue(engine)!, parse.GetValue(size), parse.GetValue(rounds), parse.GetValue(data)!, parse.GetValue(port), Console.Out, cancel);
                return Measured.Store(new($"up-{numbers.Engine}", $"From nothing to a ring, {numbers.Engine}", provenance, numbers.Verdicts, [], numbers), parse.GetValue(results)!, numbers.Body());
            }
            catch (MeasurementException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 3;
            }
        });
        return verb;
    }
}
