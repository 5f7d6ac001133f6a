using System.Text.Json;

namespace Connect.RingDaemon.Daemon;

/// <summary>What an operator wants of this node. It outlives the daemon: a node in maintenance is in maintenance after a restart too.</summary>
/// <param name="HasLeft">The leave was carried out: this daemon does not enter the ring again by itself.</param>
public sealed record Wishes(bool Maintenance, bool Leave, bool HasLeft = false);

/// <summary>Keeps the <see cref="Wishes"/> in <c>wishes.json</c>.</summary>
public sealed class OperatorWishes
{
    private readonly string _path;

    public OperatorWishes(string folder)
    {
        _path = Path.Combine(folder, "wishes.json");
        Current = File.Exists(_path) ? JsonSerializer.Deserialize<Wishes>(File.ReadAllText(_path))! : new(false, false);
    }

    public Wishes Current { get; private set; }

    public void Set(Wishes wishes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        var next = _path + ".new";
        File.WriteAllText(next, JsonSerializer.Serialize(wishes));
        File.Move(next, _path, overwrite: true);
        Current = wishes;
    }
}
