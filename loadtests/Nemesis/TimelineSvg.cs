using System.Globalization;
using System.Net;
using System.Text;

namespace Connect.LoadTests.Nemesis;

/// <summary>
/// A run as a drawing, in bands one above the other over the same time: faults, whether the ring was closed, each node's state, acknowledged posts and failed requests a second, lag.
/// A run longer than the drawing is wide is drawn by its worst moment per pixel.
/// </summary>
public static class TimelineSvg
{
    private const int Left = 110;
    private const int Wide = 1060;
    private const int Row = 16;
    private const int Chart = 90;
    private static readonly string[] Colours = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5"];

    public static string Of(NemesisNumbers n)
    {
        var seconds = Math.Max(1, n.Seconds);
        var body = new StringBuilder();
        var y = 4;
        y = Faults(n, seconds, body, y);
        y = Closed(n, seconds, body, y);
        y = States(n, seconds, body, y);
        y = Bars(n, seconds, body, y, "201 a second", s => s.Acknowledged, "#3ca951");
        y = Bars(n, seconds, body, y, "202 a second", s => s.Pending, "#efb118");
        y = Bars(n, seconds, body, y, "failed a second", s => s.Failed, "#d03b2f");
        y = Lag(n, seconds, body, y);
        y = Axis(seconds, body, y);
        return string.Create(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Left + Wide + 10} {y}\" role=\"img\" aria-label=\"Timeline of the run\" xmlns=\"http://www.w3.org/2000/svg\">\n{body}</svg>\n");
    }

    private static int Faults(NemesisNumbers n, double seconds, StringBuilder svg, int y)
    {
        foreach (var kind in n.Kinds.Where(k => k.Times > 0))
        {
            Label(svg, y, kind.Kind);
            foreach (var f in n.Faults.Where(f => f.Kind == kind.Kind))
            {
                var end = f.Whole ?? seconds;
                var held = f.Mending > 0 ? f.Mending : end;
                Box(svg, X(f.Began, seconds), y + 3, Math.Max(1, X(held, seconds) - X(f.Began, seconds)), Row - 6, f.Violation.Length > 0 ? "#d03b2f" : "#57606a", $"{f.Number}: {f.Story}");
                if (end > held) Box(svg, X(held, seconds), y + 3, Math.Max(0.5, X(end, seconds) - X(held, seconds)), Row - 6, "#c9cfd6", $"{f.Number}: healing, {end - held:0.0} s");
            }
            y += Row;
        }
        return y + 6;
    }

    private static int Closed(NemesisNumbers n, double seconds, StringBuilder svg, int y)
    {
        Label(svg, y, "ring closed");
        Runs(n, seconds, svg, y, m => m.Closed ? "#3ca951" : "#d03b2f", c => c == "#d03b2f");
        return y + Row + 4;
    }

    private static int States(NemesisNumbers n, double seconds, StringBuilder svg, int y)
    {
        for (var i = 0; i < n.RingNodes.Count; i++)
        {
            var node = i;
            Label(svg, y, n.RingNodes[i]);
            Runs(n, seconds, svg, y, m => m.States[node] switch { 'a' => "#bfe3c8", 'j' => "#f2c14e", '-' => "#d03b2f", _ => "#8b949e" }, c => c != "#bfe3c8");
            y += Row;
        }
        return y + 8;
    }

    /// <summary>Boxes of one colour as long as the colour lasts; a short one that matters still gets a pixel.</summary>
    private static void Runs(NemesisNumbers n, double seconds, StringBuilder svg, int y, Func<Moment, string> colour, Func<string, bool> matters)
    {
        for (var i = 0; i < n.Timeline.Count;)
        {
            var (from, c) = (n.Timeline[i].At, colour(n.Timeline[i]));
            while (i < n.Timeline.Count && colour(n.Timeline[i]) == c) i++;
            var to = i < n.Timeline.Count ? n.Timeline[i].At : seconds;
            Box(svg, X(from, seconds), y + 2, Math.Max(matters(c) ? 1 : 0.1, X(to, seconds) - X(from, seconds)), Row - 4, c, null);
        }
    }

    private static int Bars(NemesisNumbers n, double seconds, StringBuilder svg, int y, string label, Func<LoadSecond, int> value, string colour)
    {
        var step = Math.Max(1, seconds / Wide);
        var buckets = n.Load.GroupBy(s => (int)(s.At / step)).Select(g => (At: g.Key * step, Value: g.Average(value))).Where(b => b.Value > 0).ToArray();
        var top = buckets.Length > 0 ? buckets.Max(b => b.Value) : 1;
        Label(svg, y, label);
        Number(svg, y + Row, $"{top:0.#} at most");
        foreach (var (at, height) in buckets) Box(svg, X(at, seconds), y + Chart - 8 - height / top * (Chart - 14), Math.Max(0.6, step / seconds * Wide), height / top * (Chart - 14), colour, null);
        return y + Chart;
    }

    private static int Lag(NemesisNumbers n, double seconds, StringBuilder svg, int y)
    {
        var step = Math.Max(0.5, seconds / Wide);
        var worst = n.Timeline.GroupBy(m => (int)(m.At / step)).Select(g => (At: g.Key * step, Lag: Enumerable.Range(0, n.RingNodes.Count).Select(i => g.Max(m => m.Lag[i])).ToArray())).ToArray();
        var top = Math.Max(1, worst.SelectMany(w => w.Lag).Max() ?? 1);
        Label(svg, y, "lag, s");
        Number(svg, y + Row, $"{top:0.#} at most");
        for (var i = 0; i < n.RingNodes.Count; i++)
        {
            var colour = Colours[i % Colours.Length];
            var points = worst.Where(w => w.Lag[i] is not null).Select(w => string.Create(CultureInfo.InvariantCulture, $"{X(w.At, seconds):0.0},{y + Chart - 8 - w.Lag[i]!.Value / top * (Chart - 14):0.0}"));
            svg.Append($"<polyline fill=\"none\" stroke=\"{colour}\" points=\"{string.Join(' ', points)}\"/>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{4 + i * 24}\" y=\"{y + 3 * Row}\" fill=\"{colour}\">{n.RingNodes[i]}</text>\n");
        }
        return y + Chart;
    }

    private static int Axis(double seconds, StringBuilder svg, int y)
    {
        for (var i = 0; i <= 10; i++)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(seconds * i / 10, seconds):0}\" y=\"{y + 12}\" text-anchor=\"{(i == 10 ? "end" : "middle")}\">{TimeSpan.FromSeconds(seconds * i / 10):h\\:mm\\:ss}</text>\n");
        return y + 18;
    }

    private static double X(double at, double seconds) => Left + at / seconds * Wide;

    private static void Box(StringBuilder svg, double x, double y, double width, double height, string colour, string? title) => svg.Append(CultureInfo.InvariantCulture,
        $"<rect x=\"{x:0.0}\" y=\"{y:0.0}\" width=\"{width:0.0}\" height=\"{height:0.0}\" fill=\"{colour}\"{(title is null ? "/>" : $"><title>{WebUtility.HtmlEncode(title)}</title></rect>")}\n");

    private static void Label(StringBuilder svg, int y, string text) => svg.Append(CultureInfo.InvariantCulture, $"<text x=\"4\" y=\"{y + 12}\">{text}</text>\n");

    private static void Number(StringBuilder svg, int y, string text) => svg.Append(CultureInfo.InvariantCulture, $"<text x=\"4\" y=\"{y + 12}\" fill=\"#57606a\">{text}</text>\n");
}
