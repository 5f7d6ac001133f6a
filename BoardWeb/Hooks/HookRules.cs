using System.Net;
using Connect.Node.Settings;

namespace Connect.BoardWeb.Hooks;

/// <summary>What a webhook can be told of.</summary>
public static class HookEvent
{
    public const string PostCreated = "post.created", TopicCreated = "topic.created", PostChanged = "post.changed", ReportCreated = "report.created";

    /// <summary>Only sent when somebody asks for it.</summary>
    public const string Test = "test";

    public static readonly IReadOnlyList<string> All = [PostCreated, TopicCreated, PostChanged, ReportCreated];
}

/// <summary>What a webhook does.</summary>
public static class HookState
{
    /// <summary>It is told; somebody switched it off; the board switched it off after too many failures; it is gone.</summary>
    public const string On = "on", Off = "off", Failing = "failing", Deleted = "deleted";
}

/// <summary>What became of an attempt.</summary>
public static class HookOutcome
{
    /// <summary>The receiver took it; it did not, and is tried again; it did not for a day; there was nothing to tell.</summary>
    public const string Delivered = "delivered", Failed = "failed", GivenUp = "given-up", Skipped = "skipped";
}

/// <summary>What may be a webhook, and how patiently it is told.</summary>
public static class HookRules
{
    /// <summary>Webhooks of a board.</summary>
    public const int MaxHooks = 20;

    public const int MaxUrl = 500;

    /// <summary>An event that was not taken for so long is given up.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromDays(1);

    /// <summary>For so long the secret before signs too. One day.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromDays(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(6), LongestRest = TimeSpan.FromMinutes(5);

    /// <summary>What is wrong with an address, or null. Where it really leads is looked at again whenever it is called (<see cref="HookClient"/>).</summary>
    public static string? UrlFault(string? url, HookSettings settings)
    {
        if (url is null || url.Length is 0 or > MaxUrl || url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || !Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Host.Length == 0)
            return T["HookUrlInvalid", MaxUrl];
        if (address.UserInfo.Length > 0 || address.Fragment.Length > 0) return T["HookUrlParts"];
        if (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback && settings.AllowLoopback))
            return T["HookUrlHttps"];
        return IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && !ReachableAddresses.Allows(ip, settings) ? T["HookUrlPrivate"] : null;
    }

    /// <summary>What is wrong with the events, or null.</summary>
    public static string? EventsFault(IReadOnlyList<string>? events) => events is null || events.Count == 0 ? T["HookEventMissing"]
        : events.Any(e => !HookEvent.All.Contains(e)) ? T["HookEventUnknown", string.Join(", ", HookEvent.All)] : null;

    /// <summary>The pause after an event was not taken so often, from 1.</summary>
    public static TimeSpan PauseAfter(int attempts, HookSettings settings) =>
        TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, settings.RetrySeconds * Math.Pow(3, Math.Min(attempts - 1, 20))));

    /// <summary>For so long a webhook is told nothing at all after so many failures in a row.</summary>
    public static TimeSpan RestAfter(int failures, HookSettings settings) => TimeSpan.FromSeconds(Math.Min(LongestRest.TotalSeconds, settings.RetrySeconds * failures));
}
