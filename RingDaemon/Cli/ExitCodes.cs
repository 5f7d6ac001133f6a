namespace Connect.RingDaemon.Cli;

/// <summary>What the verbs return; scripts rely on it.</summary>
public static class ExitCodes
{
    public const int Done = 0;

    public const int Failed = 1;

    public const int Usage = 2;

    /// <summary>The question was answered, and the answer is that the ring is not healthy (status, checksum).</summary>
    public const int Unhealthy = 3;
}

/// <summary>The command line is well-formed, but asks for something that makes no sense.</summary>
public sealed class UsageException(string message) : Exception(message);
