using System.Diagnostics;
using Connect.RingDaemon.Local;
using Spectre.Console;

namespace Connect.RingDaemon.Cli;

/// <summary>Shows what is being done: moving on a terminal, plain lines with the seconds everywhere else.</summary>
internal static class ProgressDisplay
{
    public static async Task<T> RunAsync<T>(TextWriter error, Func<IRingProgress, Task<T>> work)
    {
        var animated = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected
            && Environment.GetEnvironmentVariable("NO_COLOR") is null or "" && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null);
        return animated ? await AnimatedAsync(error, work) : await PlainAsync(error, work);
    }

    private static async Task<T> PlainAsync<T>(TextWriter error, Func<IRingProgress, Task<T>> work)
    {
        var clock = Stopwatch.StartNew();
        var result = await work(new Lines(what => error.WriteLine($"{clock.Elapsed.TotalSeconds,5:0.0} s  {what}")));
        error.WriteLine($"{clock.Elapsed.TotalSeconds,5:0.0} s  Done");
        return result;
    }

    private static async Task<T> AnimatedAsync<T>(TextWriter error, Func<IRingProgress, Task<T>> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        var clock = Stopwatch.StartNew();
        string? running = null;
        var began = TimeSpan.Zero;
        void Finish()
        {
            if (running is not null) console.MarkupLineInterpolated($"[green]✓[/] {running} [grey]{(clock.Elapsed - began).TotalSeconds:0.0} s[/]");
        }
        var result = await console.Status().Spinner(Spinner.Known.Dots).StartAsync("...", context => work(new Lines(what =>
        {
            Finish();
            (running, began) = (what, clock.Elapsed);
            context.Status(Markup.Escape(what));
        })));
        Finish();
        console.MarkupLineInterpolated($"[grey]{clock.Elapsed.TotalSeconds:0.0} s in all[/]");
        return result;
    }

    private sealed class Lines(Action<string> show) : IRingProgress
    {
        private readonly object _gate = new();

        public void Doing(string what)
        {
            lock (_gate) show(what);
        }
    }
}
