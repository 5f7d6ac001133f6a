using Connect.Node.Database;

namespace Connect.BoardWeb.Storage;

/// <summary>This node has too much to do; another one may not. The message is for whoever asked.</summary>
public sealed class NodeBusyException(string message) : DatabaseUnavailableException(message);

/// <summary>The server stopped answering while it saved: what was written may be there, or may turn up.</summary>
public sealed class OutcomeUnknownException(string message, Exception? inner = null) : DatabaseUnavailableException(message, inner);
