namespace Connect.RingDaemon.Local;

/// <summary>Something about a local ring that cannot be done; the message says why, and what to do instead.</summary>
public sealed class LocalRingException(string message, Exception? inner = null) : Exception(message, inner);
