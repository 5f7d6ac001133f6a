using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Web;
using Microsoft.AspNetCore.OutputCaching;

namespace Connect.BoardWeb.Pages;

/// <summary>The front page: all channels.</summary>
[OutputCache(PolicyName = GuestPages.Policy)]
public sealed class IndexModel(ChannelReader channels, Unread unread, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<ChannelView> Channels { get; private set; } = [];

    /// <summary>Ids of those in which something of late is unread.</summary>
    public IReadOnlySet<Guid> Unread { get; private set; } = new HashSet<Guid>();

    public async Task OnGetAsync(CancellationToken cancel)
    {
        Channels = await channels.AllAsync(cancel);
        if (Me is not null) Unread = await unread.ChannelsAsync(User, cancel);
    }
}
