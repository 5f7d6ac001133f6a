using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Connect.RingDaemon.Membership;

/// <summary>
/// The members this node knows, as JSON in its state folder, so that after a restart, of the daemon or of the whole ring, it finds the others without seeds.
/// Losing the file costs nothing but that.
/// </summary>
public sealed class MembershipStore(string folder)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public string Path { get; } = System.IO.Path.Combine(folder, "members.json");

    /// <summary>What was saved last; empty if there is nothing, or nothing that can be read (<paramref name="fault"/> then says why).</summary>
    public ImmutableArray<MemberReport> Load(out string? fault)
    {
        fault = null;
        if (!File.Exists(Path)) return [];
        try
        {
            var members = JsonSerializer.Deserialize<MemberReport?[]>(File.ReadAllBytes(Path), Json);
            return [.. (members ?? []).OfType<MemberReport>().Where(m => m.Facts is not null)];
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            fault = $"{Path} cannot be read and is ignored: {e.Message}";
            return [];
        }
    }

    /// <summary>Replaces the file in one step: a crash leaves the old one or the new one.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Save(ImmutableArray<MemberReport> members)
    {
        Directory.CreateDirectory(folder);
        var temporary = Path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, members, Json);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, Path, overwrite: true);
    }
}
