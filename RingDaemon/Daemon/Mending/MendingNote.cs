namespace Connect.RingDaemon.Daemon;

/// <summary>Keeps it in <c>mending.json</c> in the daemon's state folder.</summary>
public sealed class MendingNote(string folder) : IMendingNote
{
    /// <summary>Within the state folder.</summary>
    public const string File = "mending.json";

    private readonly StateFile<Unfinished> _file = new(folder, File);

    public Unfinished? Current => _file.Current;

    public void Write(Unfinished? unfinished) => _file.Write(unfinished);
}
