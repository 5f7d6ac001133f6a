namespace Connect.RingDaemon.Keys;

/// <summary>A cluster key without its secret.</summary>
/// <param name="Id">Its name (<see cref="Node.Security.ClusterKey.Id"/>).</param>
/// <param name="Made">When it was made; null if nobody wrote that down.</param>
public sealed record HeldKey(string Id, DateTimeOffset? Made);

/// <summary>What <c>GET /v1/keys</c> answers: the keys a member works with at this moment.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Keys">Its daemon's, the one that seals first.</param>
/// <param name="Board">The names of its board's keys; empty while the board is up and has not said, null while there is no board to wait for.</param>
/// <param name="Fault">Why its daemon cannot change its key file; null if it can.</param>
public sealed record KeyReport(string Node, IReadOnlyList<HeldKey> Keys, IReadOnlyList<string>? Board, string? Fault)
{
    public IReadOnlyList<string> Ids => [.. Keys.Select(k => k.Id)];
}

/// <summary>What one member tells another to do with its key file, always sealed.</summary>
/// <param name="Expected">The names of the keys it is believed to hold; with others it does nothing.</param>
/// <param name="Order">The names of those it is to hold, the one that seals first.</param>
/// <param name="Secret">The one of <paramref name="Order"/> that it lacks, or null.</param>
/// <param name="Made">When that one was made.</param>
public sealed record KeyChange(IReadOnlyList<string> Expected, IReadOnlyList<string> Order, byte[]? Secret, DateTimeOffset? Made)
{
    /// <summary>Never prints the secret.</summary>
    public override string ToString() => $"[{string.Join(' ', Expected)}] to [{string.Join(' ', Order)}]";
}
