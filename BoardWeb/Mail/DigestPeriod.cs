namespace Connect.BoardWeb.Mail;

/// <summary>How often somebody wants a digest.</summary>
public static class DigestFrequency
{
    /// <summary>Weekly: on Mondays.</summary>
    public const string Never = "never", Daily = "daily", Weekly = "weekly";

    public static readonly IReadOnlyList<string> All = [Never, Daily, Weekly];

    /// <summary>In words, for people.</summary>
    public static string Words(string frequency) => T["DigestFrequency." + frequency];
}

/// <summary>What became of a digest.</summary>
public static class DigestOutcome
{
    /// <summary>
    /// It is about to be sent, and if nothing follows nobody knows whether it was; the mail server took it; it did not, and it may be tried again; it did not and never will.
    /// </summary>
    public const string Begun = "begun", Sent = "sent", Failed = "failed", Refused = "refused";
}

/// <summary>When digests are due.</summary>
public static class DigestPeriod
{
    /// <summary>A digest that could not be sent for so long after its hour is left out: what is unread is in the next one. 6 hours.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(6);

    /// <summary>Attempts to send one digest.</summary>
    public const int MaxAttempts = 5;

    /// <summary>The number of the period whose digest is due now, in days since 1970; null if none is.</summary>
    /// <param name="hour">At which digests are due, in UTC.</param>
    public static int? At(DateTimeOffset now, int hour, string frequency)
    {
        var since = now.UtcDateTime.AddHours(-hour);
        if (frequency == DigestFrequency.Never || since.TimeOfDay >= Window || (frequency == DigestFrequency.Weekly && since.DayOfWeek != DayOfWeek.Monday)) return null;
        return (int)(since.Date - DateTime.UnixEpoch).TotalDays;
    }

    /// <summary>True if a digest should be begun: never one that was begun without an outcome, as it may have been sent.</summary>
    /// <param name="rows">What is known of it, in the order of ids, with their times.</param>
    /// <param name="retry">The pause after a first failure; each further one is four times as long.</param>
    public static bool IsDue(IReadOnlyList<(string Outcome, DateTimeOffset At)> rows, DateTimeOffset now, TimeSpan retry)
    {
        if (rows.Count == 0) return true;
        // Two nodes may both have begun it: each attempt needs its failure.
        var failures = rows.Count(r => r.Outcome == DigestOutcome.Failed);
        if (rows.Any(r => r.Outcome is DigestOutcome.Sent or DigestOutcome.Refused) || failures < rows.Count(r => r.Outcome == DigestOutcome.Begun) || failures >= MaxAttempts) return false;
        return now - rows[^1].At >= retry * Math.Pow(4, failures - 1);
    }
}
