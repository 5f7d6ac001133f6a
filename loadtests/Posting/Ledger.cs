using System.Collections.Concurrent;

namespace Connect.LoadTests.Posting;

/// <summary>A post somebody was told is saved.</summary>
/// <param name="Key">Its Idempotency-Key.</param>
/// <param name="Token">The word in its body that no other post has.</param>
/// <param name="Id">The id the board gave it.</param>
/// <param name="BoardNode">The node that answered.</param>
/// <param name="At">When the answer came: a <see cref="Load.Clock"/> time stamp.</param>
/// <param name="Status">201, or 202 while the second copy was pending.</param>
/// <param name="Attempts">Requests it took.</param>
public sealed record Acknowledged(string Key, string Token, Guid Id, string BoardNode, long At, int Status, int Attempts)
{
    /// <summary>Other nodes that held it when the answer was given, as the answer says; null if it does not.</summary>
    public int? Copies { get; init; }
}

/// <summary>A request that did not end in an acknowledgement; the client then tried again with the same key.</summary>
/// <param name="Token">Of the post.</param>
/// <param name="Began">Time stamp of its sending.</param>
/// <param name="Ended">Time stamp at which it was known to have failed.</param>
/// <param name="Detail">Status or kind of failure.</param>
/// <param name="BoardNode">Who answered, if anybody did.</param>
public sealed record FailedAttempt(string Token, long Began, long Ended, string Detail, string? BoardNode);

/// <summary>What clients were promised, and what they met on the way. Thread-safe.</summary>
public sealed class Ledger
{
    private readonly ConcurrentQueue<Acknowledged> _acknowledged = new();
    private readonly ConcurrentQueue<FailedAttempt> _failed = new();
    private readonly ConcurrentQueue<string> _givenUp = new();

    public IReadOnlyCollection<Acknowledged> Acknowledged => _acknowledged;

    public IReadOnlyCollection<FailedAttempt> Failed => _failed;

    /// <summary>Tokens of posts that were never acknowledged; whether they are on the board is open.</summary>
    public IReadOnlyCollection<string> GivenUp => _givenUp;

    public void Add(Acknowledged entry) => _acknowledged.Enqueue(entry);

    public void Add(FailedAttempt attempt) => _failed.Enqueue(attempt);

    public void GiveUp(string token) => _givenUp.Enqueue(token);
}
