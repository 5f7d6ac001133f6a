using System.Text.Json.Nodes;

namespace Connect.RingDaemon.Cli;

/// <summary>Shows a daemon's answer to people: one line a value, nested things indented, lists of like things as a table.</summary>
internal static class JsonText
{
    public static void Write(TextWriter output, Terminal terminal, JsonNode? node, int depth = 0)
    {
        var indent = new string(' ', depth * 2);
        switch (node)
        {
            case JsonObject fields:
                foreach (var (name, value) in fields)
                {
                    if (IsLine(value))
                    {
                        output.WriteLine($"{indent}{terminal.Faint(name + ":")} {Scalar(value)}");
                        continue;
                    }
                    output.WriteLine($"{indent}{terminal.Faint(name + ":")}");
                    Write(output, terminal, value, depth + 1);
                }
                break;
            case JsonArray items when items.Count > 0 && items.All(i => i is JsonObject o && o.All(f => IsLine(f.Value))):
                Table(output, terminal, items);
                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    if (IsLine(item)) output.WriteLine($"{indent}- {Scalar(item)}");
                    else Write(output, terminal, item, depth + 1);
                }
                break;
            default:
                output.WriteLine(indent + Scalar(node));
                break;
        }
    }

    private static void Table(TextWriter output, Terminal terminal, JsonArray items)
    {
        var columns = items.SelectMany(i => i!.AsObject().Select(f => f.Key)).Distinct().ToArray();
        var table = new TextTable(columns);
        foreach (var item in items) table.Add([.. columns.Select(c => Scalar(item![c]))]);
        table.Write(output, terminal);
    }

    private static bool IsLine(JsonNode? node) => node is null or JsonValue or JsonArray { Count: 0 } || (node is JsonArray list && list.All(i => i is null or JsonValue));

    private static string Scalar(JsonNode? node) => node switch
    {
        null => "-",
        JsonArray list => list.Count == 0 ? "-" : string.Join(", ", list.Select(Scalar)),
        _ => node.ToString(),
    };
}
