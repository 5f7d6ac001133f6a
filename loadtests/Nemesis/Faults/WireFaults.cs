namespace Connect.LoadTests.Nemesis.Faults;

/// <summary>Wires are cut, and mended.</summary>
/// <param name="what">In words.</param>
/// <param name="cuts">From whom nothing reaches whom.</param>
public sealed class CutWires(string what, IReadOnlyList<(string From, string To)> cuts) : Fault
{
    public override string Story => $"{what} for {Shown(Hold)}";

    public override async Task BeginAsync(Stage stage, CancellationToken cancel)
    {
        foreach (var (from, to) in cuts) await stage.Wires.CutAsync(from, to, cancel);
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.Wires.MendAsync(cancel);

    /// <summary>Both directions between one end and others.</summary>
    public static IEnumerable<(string From, string To)> Between(string one, IEnumerable<string> others) => others.SelectMany(other => new[] { (one, other), (other, one) });
}

/// <summary>A node's wires come and go.</summary>
public sealed class FlappingWires(string node, IReadOnlyList<(TimeSpan Down, TimeSpan Up)> flaps) : Fault
{
    public override string Story => $"all wires of {node} go down and up {flaps.Count} times: {string.Join(", ", flaps.Select(f => $"{Shown(f.Down)} down, {Shown(f.Up)} up"))}";

    public override Task BeginAsync(Stage stage, CancellationToken cancel) => Task.CompletedTask;

    public override async Task LastAsync(Stage stage, CancellationToken cancel)
    {
        foreach (var (down, up) in flaps)
        {
            foreach (var other in stage.Ring.Nodes.Select(n => n.Name).Where(n => n != node).Append(Wires.Machine)) await stage.Wires.CutBothAsync(node, other, cancel);
            await Task.Delay(down, cancel);
            await stage.Wires.MendAsync(cancel);
            await Task.Delay(up, cancel);
        }
    }

    public override Task MendAsync(Stage stage, CancellationToken cancel) => stage.Wires.MendAsync(cancel);
}
