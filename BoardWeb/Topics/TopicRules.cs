using System.Security.Claims;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Moderation;

namespace Connect.BoardWeb.Topics;

/// <summary>Where may be posted.</summary>
public static class TopicRules
{
    /// <summary>
    /// Why nobody but moderators may post there, in words; null if everybody may. In a topic that waits for a moderator nobody does. A post from the other side of a partition, written before the decision arrived there, is kept: it was
    /// acknowledged.
    /// </summary>
    /// <param name="channel">The topic's channel; null if it has not arrived here.</param>
    public static string? WhyClosed(TopicView topic, ChannelView? channel, ClaimsPrincipal user) =>
        topic.Approval is { IsMissing: true } held ? held.IsRejected ? T["TopicRejected"] : T["TopicWaits"]
        : topic.State[Decidable.Locked] is { Value: Decidable.Yes } locked && !Deciding.MayModerate(user)
            ? locked.Reason.Length > 0 ? T["TopicLockedBecause", locked.Reason] : T["TopicLocked"]
            : channel is null ? null : WhyClosed(channel, user);

    public static string? WhyClosed(ChannelView channel, ClaimsPrincipal user) =>
        channel.IsArchived && !Deciding.MayModerate(user) ? T["ChannelArchived"] : null;
}
