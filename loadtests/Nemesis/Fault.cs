namespace Connect.LoadTests.Nemesis;

/// <summary>One way to break a ring, drawn down to its details.</summary>
public abstract class Fault
{
    /// <summary>What exactly is done, in words.</summary>
    public abstract string Story { get; }

    /// <summary>How long it lasts.</summary>
    public required TimeSpan Hold { get; init; }

    /// <summary>A disk's content is lost: what only that node held (an answer of 202) may be gone.</summary>
    public virtual bool LosesDisk => false;

    public abstract Task BeginAsync(Stage stage, CancellationToken cancel);

    /// <summary>While it lasts; just waits, unless the fault has more than one moment.</summary>
    public virtual Task LastAsync(Stage stage, CancellationToken cancel) => Task.Delay(Hold, cancel);

    /// <summary>Takes the cause away, and does what an operator would have to do. Need not wait for the ring to be whole.</summary>
    public abstract Task MendAsync(Stage stage, CancellationToken cancel);

    protected static string Shown(TimeSpan span) => span < TimeSpan.FromSeconds(1) ? $"{span.TotalMilliseconds:0} ms" : $"{span.TotalSeconds:0.0} s";
}

/// <summary>A kind of fault.</summary>
/// <param name="Name">As it is named on the command line and in reports.</param>
/// <param name="What">What it breaks, for the report and the help.</param>
/// <param name="Draw">One of its kind.</param>
public sealed record FaultKind(string Name, string What, Func<Draw, Fault> Draw)
{
    /// <summary>Nodes it needs at least.</summary>
    public int Nodes { get; init; } = 2;
}
