using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Connect.RingDaemon.Cli;

/// <summary>How far something is that takes long.</summary>
/// <param name="Part">Of the whole, 0 to 1; null if the whole is not known.</param>
/// <param name="Things">How many things so far.</param>
internal sealed record Transferred(double? Part, long Things);

/// <summary>Shows how far a transfer is, how fast, and the time left: a moving bar on a terminal, a line now and then everywhere else.</summary>
internal static class TransferDisplay
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5), BarEvery = TimeSpan.FromMilliseconds(200);

    /// <param name="what">Like "Importing"</param>
    /// <param name="things">Like "mails".</param>
    /// <param name="now">Asked again and again, from another thread.</param>
    public static async Task RunAsync(TextWriter error, string what, string things, Func<Transferred> now, Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        var animated = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected
            && Environment.GetEnvironmentVariable("NO_COLOR") is null or "" && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null);
        if (animated) await AnimatedAsync(error, what, things, now, work, clock);
        else
        {
            var working = work();
            while (await Task.WhenAny(working, Task.Delay(LineEvery)) != working) error.WriteLine($"{clock.Elapsed.TotalSeconds,6:0.0} s  {what}: {Line(now(), things, clock.Elapsed)}");
            await working;
        }
        error.WriteLine($"{clock.Elapsed.TotalSeconds,6:0.0} s  {what}: {Line(now() with { Part = 1 }, things, clock.Elapsed)}");
    }

    internal static string Line(Transferred at, string things, TimeSpan elapsed)
    {
        var rate = at.Things / Math.Max(0.001, elapsed.TotalSeconds);
        var text = string.Create(CultureInfo.InvariantCulture, $"{at.Things:N0} {things}, {rate:N0} a second");
        if (at.Part is not { } part || part is <= 0 or >= 1) return text;
        var left = elapsed * ((1 - part) / part);
        return string.Create(CultureInfo.InvariantCulture, $"{part * 100:0} %, {text}, about {(int)left.TotalMinutes}:{left.Seconds:00} left");
    }

    private static async Task AnimatedAsync(TextWriter error, string what, string things, Func<Transferred> now, Func<Task> work, Stopwatch clock)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        await console.Progress().AutoClear(true).Columns(new SpinnerColumn(), new ProgressBarColumn(), new TaskDescriptionColumn()).StartAsync(async context =>
        {
            var bar = context.AddTask(what, maxValue: 1);
            var working = work();
            do
            {
                var at = now();
                bar.IsIndeterminate = at.Part is null;
                bar.Value = at.Part ?? 0;
                bar.Description = Markup.Escape($"{what}: {Line(at, things, clock.Elapsed)}");
            }
            while (await Task.WhenAny(working, Task.Delay(BarEvery)) != working);
            await working;
        });
    }
}
