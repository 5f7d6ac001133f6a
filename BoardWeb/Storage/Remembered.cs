using System.Collections.Concurrent;

namespace Connect.BoardWeb.Storage;

/// <summary>
/// What was asked for a moment ago and need not be asked again. It holds a bounded number of things; when it is full it forgets them all, which costs each of the next askers one question
/// and needs no account of who came when. Thread-safe.
/// </summary>
/// <param name="most">Things it holds.</param>
public sealed class Remembered<TKey, TValue>(int most, TimeProvider time) where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, (TValue Value, long Since)> _known = new();

    /// <summary>What is known, and for how long; null if nothing is. Whoever asks decides what is too old.</summary>
    public (TValue Value, TimeSpan Age)? Find(TKey key) => _known.TryGetValue(key, out var known) ? (known.Value, time.GetElapsedTime(known.Since)) : null;

    public void Put(TKey key, TValue value)
    {
        if (_known.Count >= most) _known.Clear();
        _known[key] = (value, time.GetTimestamp());
    }

    public void Forget(TKey key) => _known.TryRemove(key, out _);
}
