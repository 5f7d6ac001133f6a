using Connect.BoardWeb.Topics;

namespace Connect.BoardWeb.Pages;

/// <summary>What has been decided about a topic, in a word each.</summary>
public static class TopicBadges
{
    public static IEnumerable<string> Of(TopicView topic)
    {
        if (topic.IsPinned) yield return "pinned";
        if (topic.IsLocked) yield return "locked";
        if (topic.IsHidden) yield return "hidden";
    }
}
