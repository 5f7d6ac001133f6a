using Connect.BoardWeb.Topics;

namespace Connect.BoardWeb.Pages;

/// <summary>What has been decided about a topic, in a word each.</summary>
public static class TopicBadges
{
    public static IEnumerable<string> Of(TopicView topic)
    {
        if (topic.IsPinned) yield return T["BadgePinned"];
        if (topic.IsLocked) yield return T["BadgeLocked"];
        if (topic.IsHidden) yield return T["BadgeHidden"];
        if (topic.IsHeld) yield return topic.Approval!.IsRejected ? T["BadgeRejected"] : T["BadgeWaits"];
    }
}
