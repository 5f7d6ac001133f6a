namespace Connect.RingDaemon.Archive;

/// <summary>An object as the board imports it: a line of JSON.</summary>
/// <param name="Offset">Where in the file it comes from, in bytes.</param>
internal sealed record ArchiveItem(ReadOnlyMemory<byte> Line, long Offset);

/// <summary>What is read from a file that is to be imported.</summary>
internal interface IArchiveSource
{
    /// <summary>Bytes of the file.</summary>
    long Length { get; }

    /// <summary>How far it has been read.</summary>
    long Position { get; }

    /// <summary>Its objects in order. What cannot be read is told to the report, and the rest goes on.</summary>
    IEnumerable<ArchiveItem> Read(ImportReport report, CancellationToken cancel);
}

/// <summary>Something about one place of the file.</summary>
/// <param name="Offset">In bytes.</param>
public sealed record Remark(long Offset, string Why);

/// <summary>What became of an import so far. Written by one thread at a time.</summary>
public sealed class ImportReport
{
    /// <summary>Remarks of each kind that are kept; all of them are counted.</summary>
    public const int MaxRemarks = 1000;

    private readonly List<Remark> _bad = [], _notes = [];

    /// <summary>Mails, or lines.</summary>
    public long Read { get; set; }

    /// <summary>Mails that were in the file before.</summary>
    public long Repeated { get; set; }

    /// <summary>Attachments of mails that are files of the board.</summary>
    public long Kept { get; set; }

    /// <summary>Attachments of mails that are named in their posts and not kept.</summary>
    public long Named { get; set; }

    /// <summary>Objects that are new on the board.</summary>
    public long Written { get; set; }

    /// <summary>Objects that were there already.</summary>
    public long Known { get; set; }

    public long Bad { get; private set; }

    public long Noted { get; private set; }

    /// <summary>Batches whose copies on other nodes were pending when they were answered.</summary>
    public long Pending { get; set; }

    public IReadOnlyList<Remark> BadOnes => _bad;

    public IReadOnlyList<Remark> Notes => _notes;

    /// <summary>Something that was not imported.</summary>
    public void Refuse(long offset, string why)
    {
        lock (_bad)
        {
            Bad++;
            if (_bad.Count < MaxRemarks) _bad.Add(new(offset, why));
        }
    }

    /// <summary>Something that was imported otherwise than it stands there.</summary>
    public void Note(long offset, string why)
    {
        lock (_bad)
        {
            Noted++;
            if (_notes.Count < MaxRemarks) _notes.Add(new(offset, why));
        }
    }
}
