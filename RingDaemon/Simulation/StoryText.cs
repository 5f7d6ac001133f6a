using System.Collections.Immutable;
using System.Globalization;
using Connect.Node.Settings;
using Connect.RingDaemon.Simulation.Faults;

namespace Connect.RingDaemon.Simulation;

/// <summary>
/// A story as text that a person reads, a test holds and <c>simulate --story</c> plays: first the world, a setting a line, then the faults. Semicolons stand for ends of lines.
/// <code>
/// seed 4711
/// nodes 3
/// engine MariaDB
/// at 2.500 kill-server n2
/// at 3.000 cut n1 n3 for 4.200
/// </code>
/// </summary>
internal static class StoryText
{
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    public static string Write(Story story) => string.Join('\n',
    [
        $"seed {story.Seed}",
        $"nodes {story.Nodes}",
        $"engine {story.Engine}",
        $"latency {Seconds(story.Latency)}",
        string.Create(Plain, $"loss {story.Loss}"),
        string.Create(Plain, $"duplicates {story.Duplicates}"),
        $"uneven-links {(story.UnevenLinks ? "yes" : "no")}",
        $"zones {story.Zones}",
        $"skew {Seconds(story.Skew)}",
        $"lasts {Seconds(story.Lasts)}",
        $"post-every {Seconds(story.PostEvery)}",
        $"acknowledge {story.Acknowledge}",
        $"minority {story.Minority}",
        .. story.Faults.Select(Write),
    ]);

    public static string Write(Fault fault) => $"at {Seconds(fault.At)} {WriteWhat(fault)}";

    /// <summary>The same without its time.</summary>
    public static string WriteWhat(Fault fault) =>
        $"{fault.Kind} {fault.Node}"
        + (fault.Other is { } other ? $" {other}" : "")
        + (fault.Lasts > TimeSpan.Zero ? $" for {Seconds(fault.Lasts)}" : "")
        + (fault.Amount > 0 ? $" of {fault.Amount}" : "");

    /// <exception cref="FormatException">The text is not a story; says which line and what is expected.</exception>
    public static Story Read(string text)
    {
        var story = new Story { Seed = 1, Nodes = 0, Engine = Engine.MariaDB };
        var faults = ImmutableArray.CreateBuilder<Fault>();
        foreach (var line in text.Split(['\n', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#')) continue;
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            try
            {
                if (words[0] == "at") faults.Add(ReadFault(words));
                else story = Set(story, words[0], words[1]);
            }
            catch (Exception e) when (e is FormatException or OverflowException or ArgumentException or IndexOutOfRangeException)
            {
                throw new FormatException($"'{line}' is not a line of a story: {e.Message} A setting is like 'nodes 3', a fault like 'at 2.500 kill-server n2' or 'at 3.000 cut n1 n3 for 4.200'.", e);
            }
        }
        if (story.Nodes is < 2 or > 32) throw new FormatException("A story needs a line 'nodes N' with N from 2 to 32.");
        return story with { Faults = [.. faults.OrderBy(f => f.At)] };
    }

    private static Story Set(Story story, string name, string value) => name switch
    {
        "seed" => story with { Seed = ulong.Parse(value, Plain) },
        "nodes" => story with { Nodes = int.Parse(value, Plain) },
        "engine" => story with { Engine = Enum.Parse<Engine>(value, ignoreCase: true) },
        "latency" => story with { Latency = ReadSeconds(value) },
        "loss" => story with { Loss = double.Parse(value, Plain) },
        "post-every" => story with { PostEvery = ReadSeconds(value) },
        "acknowledge" => story with { Acknowledge = Enum.Parse<Acknowledgement>(value, ignoreCase: true) },
        "minority" => story with { Minority = Enum.Parse<MinorityPolicy>(value, ignoreCase: true) },
        "duplicates" => story with { Duplicates = double.Parse(value, Plain) },
        "uneven-links" => story with { UnevenLinks = value == "yes" },
        "zones" => story with { Zones = int.Parse(value, Plain) },
        "skew" => story with { Skew = ReadSeconds(value) },
        "lasts" => story with { Lasts = ReadSeconds(value) },
        _ => throw new FormatException($"there is no setting '{name}'."),
    };

    private static Fault ReadFault(string[] words)
    {
        var kind = FaultKinds.Find(words[2]);
        var next = kind.OnTwo ? 5 : 4;
        var fault = new Fault(ReadSeconds(words[1]), kind.Name, words[3]) { Other = kind.OnTwo ? words[4] : null };
        for (; next < words.Length; next += 2)
        {
            fault = words[next] switch
            {
                "for" => fault with { Lasts = ReadSeconds(words[next + 1]) },
                "of" => fault with { Amount = int.Parse(words[next + 1], Plain) },
                var other => throw new FormatException($"'{other}' is not 'for' or 'of'."),
            };
        }
        return fault;
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", Plain);

    private static TimeSpan ReadSeconds(string text) => TimeSpan.FromMilliseconds(Math.Round(double.Parse(text, Plain) * 1000));
}
