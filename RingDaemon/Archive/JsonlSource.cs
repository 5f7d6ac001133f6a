using System.Text.Json;

namespace Connect.RingDaemon.Archive;

/// <summary>An export of a board: its lines are what the board imports.</summary>
internal sealed class JsonlSource(string file) : IArchiveSource
{
    private long _position;

    public long Length { get; } = new FileInfo(file).Length;

    public long Position => Volatile.Read(ref _position);

    public IEnumerable<ArchiveItem> Read(ImportReport report, CancellationToken cancel)
    {
        using var stream = File.OpenRead(file);
        var lines = new LineReader(stream);
        var (goesOn, ended) = (false, false);
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var offset = lines.Position;
            var line = lines.Next();
            if (line.IsEmpty) break;
            Volatile.Write(ref _position, lines.Position);
            var (piece, whole) = (goesOn, line.Span[^1] == (byte)'\n' || lines.Position == Length);
            goesOn = !whole;
            if (piece) continue;
            if (!whole)
            {
                report.Refuse(offset, $"The line is longer than {LineReader.MaxLine} bytes.");
                continue;
            }
            if (line.Span.Trim("\r\n\t "u8).IsEmpty) continue;
            var type = TypeOf(line);
            // The first line goes to the board too: it knows whether this is its own.
            ended |= type == "end";
            if (type == "end") continue;
            if (type != "export") report.Read++;
            yield return new(line.ToArray(), offset);
        }
        if (!ended) report.Note(Length, "The file does not end like an export: it was broken off, and something is missing in it.");
    }

    private static string? TypeOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // the board says what is wrong with it
        }
    }
}
