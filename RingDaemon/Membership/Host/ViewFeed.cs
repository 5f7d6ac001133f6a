using System.Collections.Immutable;
using System.Threading.Channels;

namespace Connect.RingDaemon.Membership;

/// <summary>The latest view for everyone who wants it. A slow reader misses views, never the newest one.</summary>
internal sealed class ViewFeed(View first)
{
    private ImmutableArray<Channel<View>> _readers = [];
    private View _current = first;

    public View Current => Volatile.Read(ref _current);

    public ChannelReader<View> Subscribe()
    {
        var channel = Channel.CreateBounded<View>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        ImmutableInterlocked.Update(ref _readers, all => all.Add(channel));
        channel.Writer.TryWrite(Current);
        return channel.Reader;
    }

    public void Publish(View view)
    {
        Volatile.Write(ref _current, view);
        foreach (var reader in _readers) reader.Writer.TryWrite(view);
    }

    public void Complete()
    {
        foreach (var reader in _readers) reader.Writer.TryComplete();
    }
}
