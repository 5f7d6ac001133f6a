namespace Connect.RingDaemon.Local;

/// <summary>The ring does not let a node in; the message is the ring's reason, with the next step.</summary>
public sealed class RefusedException(string message) : Exception(message);
