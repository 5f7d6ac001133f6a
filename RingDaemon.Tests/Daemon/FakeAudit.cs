using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Tests.Daemon;

/// <summary>Remembers what came of the last decision.</summary>
internal sealed class FakeAudit : IAudit
{
    public string Outcome { get; private set; } = "";

    public void Add(string action, string evidence, string outcome) => Outcome = outcome;
}
