using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Live;

namespace Connect.BoardWeb.Pages;

/// <summary>The front page: all channels.</summary>
public sealed class IndexModel(ChannelReader channels, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<ChannelView> Channels { get; private set; } = [];

    public async Task OnGetAsync(CancellationToken cancel) => Channels = await channels.AllAsync(cancel);
}
