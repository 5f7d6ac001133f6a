using System.Text.RegularExpressions;

namespace Connect.RingDaemon.Cli;

/// <summary>Columns as wide as their widest cell, two blanks apart. One line a row, so that grep works.</summary>
internal sealed partial class TextTable(params string[] headings)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(TextWriter output, Terminal terminal)
    {
        var widths = headings.Select((heading, i) => _rows.Select(r => Width(r[i])).Append(heading.Length).Max()).ToArray();
        Line(output, [.. headings.Select(terminal.Faint)], widths);
        foreach (var row in _rows) Line(output, row, widths);
    }

    private static void Line(TextWriter output, string[] cells, int[] widths) =>
        output.WriteLine(string.Join("  ", cells.Select((cell, i) => i == cells.Length - 1 ? cell : cell + new string(' ', widths[i] - Width(cell)))).TrimEnd());

    /// <summary>Colours take no room.</summary>
    private static int Width(string cell) => cell.Contains('\e', StringComparison.Ordinal) ? Colours().Replace(cell, "").Length : cell.Length;

    [GeneratedRegex("\e\\[[0-9;]*m")]
    private static partial Regex Colours();
}
