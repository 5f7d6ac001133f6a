namespace Connect.RingDaemon.Simulation.Servers;

/// <summary>One transaction: who wrote it, its number among what that origin wrote, and the row it carries. Two with one number and different rows are what rule 5 forbids.</summary>
/// <param name="ServerId">The server id it was written under: whoever has that id takes it for its own and skips it.</param>
/// <param name="Row">Counts what was written in the whole world, from 0.</param>
internal readonly record struct Transaction(string Origin, long Number, uint ServerId, int Row);
