namespace Connect.RingDaemon.Local;

/// <summary>One verb at a time changes a ring's folder. The lock goes with the process that holds it, however that ends.</summary>
public sealed class FolderLock : IDisposable
{
    /// <summary>How long a verb waits for another one.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <exception cref="LocalRingException">Another verb holds it and does not end.</exception>
    public static async Task<FolderLock> TakeAsync(RingFolder folder, CancellationToken cancel)
    {
        FileStream? file = null;
        return await Eventually.TrueAsync(() => (file = TryOpen(folder.LockFile)) is not null, Patience, cancel)
            ? new(file!)
            : throw new LocalRingException($"Another verb has been working on {folder.Path} for {Patience.TotalSeconds:0} s. Wait for it, or end it.");
    }

    public void Dispose() => _file.Dispose();

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return null;
        }
    }
}
