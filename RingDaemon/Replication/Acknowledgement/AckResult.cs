using Connect.Node.Database;

namespace Connect.RingDaemon.Replication.Acknowledgement;

/// <summary>What came of waiting for copies.</summary>
/// <param name="Satisfied">As many other nodes hold it as were wanted.</param>
/// <param name="Copies">How many others hold it.</param>
/// <param name="Wanted">How many were wanted; 0 if there is no other member at all.</param>
/// <param name="Holders">Who holds it, by name (ordinal).</param>
public sealed record AckResult(bool Satisfied, int Copies, int Wanted, IReadOnlyList<string> Holders);

/// <summary>A member that can hold a copy.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Server">Where its server is.</param>
/// <param name="Origin">This incarnation of its data: with another one it is another peer.</param>
public sealed record AckPeer(string Name, ServerAddress Server, string Origin);
