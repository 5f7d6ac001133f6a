using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Web;
using Connect.Node.Database;
using Microsoft.AspNetCore.OutputCaching;

namespace Connect.BoardWeb.Pages;

/// <summary>The front page: all channels.</summary>
[OutputCache(PolicyName = GuestPages.Policy)]
public sealed class IndexModel(ChannelReader channels, TopicDirectory topics, Unread unread, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<ChannelView> Channels { get; private set; } = [];

    /// <summary>When the newest post was written, by a channel's id, as far as this node knew about a second ago; without those that have none.</summary>
    public IReadOnlyDictionary<Guid, DateTimeOffset> NewestPost { get; private set; } = new Dictionary<Guid, DateTimeOffset>();

    /// <summary>Ids of those in which something of late is unread.</summary>
    public IReadOnlySet<Guid> Unread { get; private set; } = new HashSet<Guid>();

    public async Task OnGetAsync(CancellationToken cancel)
    {
        Channels = await channels.AllAsync(cancel);
        // The first page of the board is there whatever else keeps the node busy.
        if (topics.Known is { } table) NewestPost = Channels.Select(c => (c.Id, Latest: table.Latest(c.Id))).Where(c => c.Latest is not null).ToDictionary(c => c.Id, c => Uuid7.TimeOf(c.Latest!.Value));
        if (Me is not null) Unread = await unread.ChannelsAsync(User, cancel);
    }
}
