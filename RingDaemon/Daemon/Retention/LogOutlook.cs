using System.Globalization;
using System.Text.Json.Serialization;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Daemon;

/// <summary>How a member that is away would be brought up to date if it came back.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LogsLeft>))]
public enum LogsLeft
{
    /// <summary>By logs, and for a while yet.</summary>
    Enough,

    /// <summary>By logs, but less than a quarter of the time for which they are kept is left.</summary>
    Soon,

    /// <summary>By rows: everybody who serves has purged logs that it lacks.</summary>
    None,
}

/// <summary>
/// How long a member may be away before it needs rows instead of logs. Servers keep a log for a set time after it was last written to, so whoever had everything when it went may stay
/// away for that long, on the word of the one that keeps them longest. Somebody may purge by hand earlier: what members say of their floors counts as well.
/// </summary>
/// <param name="Name">Who.</param>
/// <param name="AwaySince">Null while it is there.</param>
/// <param name="SecondsLeft">From now on, at the least; 0 if logs go whenever their server begins a new one; null if for ever, or if that is not known.</param>
/// <param name="Left">What would be needed if it came back now.</param>
/// <param name="KeptBy">Who has the logs, as far as is known.</param>
public sealed record LogOutlook(string Name, DateTimeOffset? AwaySince, double? SecondsLeft, LogsLeft Left, IReadOnlyList<string> KeptBy)
{
    /// <param name="absence">Null while it is there.</param>
    public static LogOutlook Of(Member member, View view, Absence? absence, DateTimeOffset now)
    {
        var keepers = view.Members.Where(m => m.Name != member.Name && m is { IsTrustworthy: true, Facts.Phase: Phase.Serving or Phase.Leaving } && CanSend(m, member, absence)).ToArray();
        var away = absence is null ? TimeSpan.Zero : now - absence.Since;
        var kept = keepers.Select(m => m.Facts.KeepsLogsSeconds).ToArray();
        var longest = kept.Length == 0 || kept.Contains(0u) || kept.Contains(null) ? (TimeSpan?)null : TimeSpan.FromSeconds(kept.Max()!.Value);
        var left = longest is { } known ? known - away : (TimeSpan?)null;
        var state = keepers.Length == 0 && absence is not null ? LogsLeft.None : left < longest / 4 ? LogsLeft.Soon : LogsLeft.Enough;
        return new(member.Name, absence?.Since, left is { } l ? Math.Max(0, Math.Round(l.TotalSeconds)) : null, state, [.. keepers.Select(m => m.Name)]);
    }

    /// <summary>In words, for an operator.</summary>
    public override string ToString() => AwaySince is not { } since
        ? KeptBy.Count == 0 ? "nobody else keeps logs for it" : $"may be away {(SecondsLeft is null or 0 ? "" : "for ")}{Time}: so long {Names} keep{(KeptBy.Count == 1 ? "s" : "")} logs"
        : Left == LogsLeft.None ? $"away since {Stamp(since)}: everybody who serves has purged logs that it lacks, so it will be brought up to date by rows"
        : $"away since {Stamp(since)}: {Names} keep{(KeptBy.Count == 1 ? "s" : "")} the logs it lacks {(SecondsLeft is null or 0 ? "" : "for another ")}{Time}; after that it needs rows";

    private string Names => string.Join(" and ", KeptBy);

    private string Time => SecondsLeft switch
    {
        null => "for as long as nobody purges them",
        0 => "until the next log is begun",
        < 120 and var s => string.Create(CultureInfo.InvariantCulture, $"{s:0} seconds"),
        < 7200 and var s => string.Create(CultureInfo.InvariantCulture, $"{s / 60:0} minutes"),
        < 172800 and var s => string.Create(CultureInfo.InvariantCulture, $"{s / 3600:0} hours"),
        var s => string.Create(CultureInfo.InvariantCulture, $"{s / 86400:0.0} days"),
    };

    private static string Stamp(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>Who is there has what it needs by its own replication. Of one that went, what it wrote itself it need not be sent.</summary>
    private static bool CanSend(Member keeper, Member member, Absence? absence)
    {
        if (absence is null) return true;
        if (RetentionFloor.Read(member.Facts.Engine, absence.Position) is not { } position) return true;
        var lacking = RetentionFloor.Lacking(keeper.Facts, position);
        return lacking.Except(lacking.Only(absence.Origin)).IsEmpty;
    }
}
