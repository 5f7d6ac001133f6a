namespace Connect.RingDaemon.Daemon;

/// <summary>What an operator wants of this node. It outlives the daemon: a node in maintenance is in maintenance after a restart too.</summary>
/// <param name="HasLeft">The leave was carried out: this daemon does not enter the ring again by itself.</param>
public sealed record Wishes(bool Maintenance, bool Leave, bool HasLeft = false);

/// <summary>Keeps the <see cref="Wishes"/> in <c>wishes.json</c>.</summary>
public sealed class OperatorWishes(string folder)
{
    private readonly StateFile<Wishes> _file = new(folder, "wishes.json");

    public Wishes Current => _file.Current ?? new(false, false);

    public void Set(Wishes wishes) => _file.Write(wishes);
}
