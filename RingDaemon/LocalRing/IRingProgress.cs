namespace Connect.RingDaemon.Local;

/// <summary>Hears what is being done, for people who wait.</summary>
public interface IRingProgress
{
    /// <summary>A new step has begun; a short phrase without a full stop.</summary>
    void Doing(string what);
}

/// <summary>Nobody waits.</summary>
public sealed class SilentProgress : IRingProgress
{
    public static SilentProgress Instance { get; } = new();

    public void Doing(string what)
    {
    }
}
