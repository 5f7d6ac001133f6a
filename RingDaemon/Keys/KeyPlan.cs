namespace Connect.RingDaemon.Keys;

/// <summary>The steps of a rotation, in their order. A step begins when every member, daemon and board, has taken the one before.</summary>
public enum KeyStep
{
    /// <summary>The new key opens, everywhere.</summary>
    Add,

    /// <summary>It seals, everywhere; the old ones still open.</summary>
    Promote,

    /// <summary>The old ones are gone.</summary>
    Remove,

    /// <summary>Every member holds this one key and no other.</summary>
    Done,
}

/// <param name="Step">What is to be done next.</param>
/// <param name="Target">The name of the key the rotation leads to.</param>
/// <param name="Behind">Members that have not taken the step yet.</param>
public sealed record KeyMove(KeyStep Step, string Target, IReadOnlyList<KeyReport> Behind);

/// <summary>
/// From what members hold to what is to be done next. Nothing else is remembered of a rotation, so that it may be interrupted anywhere and taken up by anybody.
/// <para>Why nobody is ever misunderstood: a key seals only when everybody holds it (Promote follows Add), and goes only when nobody seals with it (Remove follows Promote).</para>
/// </summary>
public static class KeyPlan
{
    /// <param name="members">At least one.</param>
    public static KeyMove Next(IReadOnlyList<KeyReport> members)
    {
        var target = Target(members);
        foreach (var step in new[] { KeyStep.Add, KeyStep.Promote, KeyStep.Remove })
        {
            var behind = members.Where(m => !Reached(step, target, m.Ids) || (m.Board is { } board && !Reached(step, target, board))).ToList();
            if (behind.Count > 0) return new(step, target, behind);
        }
        return new(KeyStep.Done, target, []);
    }

    /// <summary>The keys a member is to hold after a step.</summary>
    public static IReadOnlyList<string> After(KeyStep step, string target, IReadOnlyList<string> held) => step switch
    {
        KeyStep.Add => held.Contains(target) ? held : [.. held, target],
        KeyStep.Promote => [target, .. held.Where(id => id != target)],
        KeyStep.Remove => [target],
        _ => held,
    };

    /// <summary>
    /// The newest key. Where nobody wrote down when keys were made (older files, or by hand), the one that most members seal with: what lies beside it is from a
    /// rotation that ended, or never began.
    /// </summary>
    private static string Target(IReadOnlyList<KeyReport> members) => members.SelectMany(m => m.Keys).DistinctBy(k => k.Id)
        .OrderByDescending(k => k.Made ?? DateTimeOffset.MinValue).ThenByDescending(k => members.Count(m => m.Ids[0] == k.Id)).ThenBy(k => k.Id, StringComparer.Ordinal)
        .First().Id;

    private static bool Reached(KeyStep step, string target, IReadOnlyList<string> held) => held.Count > 0 && After(step, target, held).SequenceEqual(held);
}
