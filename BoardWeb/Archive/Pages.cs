using Connect.Node.Database;

namespace Connect.BoardWeb.Archive;

/// <summary>An export takes long enough to meet a server that is busy, or is started again: each of its pages is tried again for a while.</summary>
internal static class Pages
{
    private const int Attempts = 6;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static async Task<T> ReadAsync<T>(Func<Task<T>> page, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await page();
            }
            catch (DatabaseUnavailableException) when (attempt < Attempts)
            {
                await Task.Delay(Pause, cancel);
            }
        }
    }
}
