namespace Connect.RingDaemon.Membership;

/// <summary>How a push-pull ended.</summary>
/// <param name="Body">The sealed answer, or null if there was none.</param>
/// <param name="Refused">The other machine refused the connection: its daemon is certainly not running.</param>
public readonly record struct ExchangeAnswer(byte[]? Body, bool Refused);

/// <summary>The client side of <c>POST /v1/exchange</c>. It never throws for what the network does, only when cancelled.</summary>
public interface IExchangeClient
{
    Task<ExchangeAnswer> ExchangeAsync(string daemonUrl, byte[] sealedBody, CancellationToken cancel);
}
