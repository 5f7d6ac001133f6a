using Connect.BoardWeb.Storage;
using Connect.Node.Files;

namespace Connect.BoardWeb.Files;

/// <summary>Draws pictures anew (<see cref="Pictures"/>), one at a time on a node because of the memory they take, and says in words why one is not kept.</summary>
public sealed class PictureTurns : IDisposable
{
    /// <summary>How long one may wait for its turn.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <inheritdoc cref="Pictures.DrawAsync"/>
    /// <param name="bytes">A file that begins like one of <paramref name="kind"/>.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="cancel">Ends the wait for a turn.</param>
    /// <exception cref="NodeBusyException">Too many others wait for their turn.</exception>
    public async Task<(CleanPicture? Picture, string? Fault)> DrawAsync(byte[] bytes, FileKind kind, CancellationToken cancel)
    {
        if (!await _turn.WaitAsync(Patience, cancel)) throw new NodeBusyException(T["BusyPictures"]);
        try
        {
            // Not on the thread that answers requests' continuations: it takes a while.
            var drawn = await Task.Run(() => Pictures.DrawAsync(bytes, kind), CancellationToken.None);
            return (drawn.Picture, FaultOf(drawn, kind));
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static string? FaultOf(PictureResult drawn, FileKind kind) => drawn.Fault switch
    {
        PictureFault.None => null,
        PictureFault.TooManyPixels => T["PictureTooManyPixels", Pictures.MaxPixels / 1_000_000, drawn.Width, drawn.Height],
        PictureFault.StaysTooLarge => T["PictureStaysTooLarge"],
        _ => kind == FileKind.WebP ? T["PictureUnreadableWebP", kind.Type] : T["PictureUnreadable", kind.Type],
    };
}
