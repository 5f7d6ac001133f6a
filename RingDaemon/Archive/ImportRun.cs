using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Connect.RingDaemon.Archive;

/// <summary>
/// Sends what a file holds to a board, batch after batch, and reads ahead meanwhile. Nothing is remembered between two runs: the board knows what it has, so a run that was stopped is simply started again.
/// </summary>
internal sealed class ImportRun(BoardClient board)
{
    /// <summary>Objects in one batch.</summary>
    public const int BatchItems = 200;

    /// <summary>Bytes in one batch: half of what a board takes.</summary>
    public const int BatchBytes = 2 << 20;

    private const int BatchesAhead = 4;

    /// <param name="send">False: only read (a dry run).</param>
    public async Task RunAsync(IArchiveSource source, ImportReport report, bool send, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var batches = Channel.CreateBounded<List<ArchiveItem>>(BatchesAhead);
        var reading = Task.Run(() => ReadAsync(source, report, batches.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var batch in batches.Reader.ReadAllAsync(cancel))
            {
                if (send) await SendAsync(batch, report, cancel);
            }
        }
        finally
        {
            await stop.CancelAsync();
            try
            {
                await reading;
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // Sending failed, and says why itself.
            }
        }
    }

    private static async Task ReadAsync(IArchiveSource source, ImportReport report, ChannelWriter<List<ArchiveItem>> batches, CancellationToken cancel)
    {
        try
        {
            var (batch, bytes) = (new List<ArchiveItem>(), 0);
            foreach (var item in source.Read(report, cancel))
            {
                if (batch.Count == BatchItems || bytes + item.Line.Length > BatchBytes)
                {
                    await batches.WriteAsync(batch, cancel);
                    (batch, bytes) = ([], 0);
                }
                batch.Add(item);
                bytes += item.Line.Length;
            }
            if (batch.Count > 0) await batches.WriteAsync(batch, cancel);
            batches.Complete();
        }
        catch (Exception e)
        {
            batches.Complete(e);
            throw;
        }
    }

    private async Task SendAsync(List<ArchiveItem> batch, ImportReport report, CancellationToken cancel)
    {
        var body = new byte[batch.Sum(i => i.Line.Length + 1)];
        var at = 0;
        foreach (var item in batch)
        {
            item.Line.CopyTo(body.AsMemory(at));
            at += item.Line.Length;
            if (item.Line.Span[^1] != (byte)'\n') body[at++] = (byte)'\n';
        }
        var (answer, pending) = await board.ImportAsync(body.AsMemory(0, at), cancel);
        report.Written += (long?)answer["written"] ?? 0;
        report.Known += (long?)answer["known"] ?? 0;
        if (pending) report.Pending++;
        foreach (var refused in answer["refused"]?.AsArray().OfType<JsonObject>() ?? [])
            if ((int?)refused["line"] is { } line && line >= 1 && line <= batch.Count) report.Refuse(batch[line - 1].Offset, (string?)refused["why"] ?? "refused");
    }
}
