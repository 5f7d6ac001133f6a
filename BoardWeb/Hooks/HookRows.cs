using Connect.BoardWeb.Writes;
using Connect.Node.Database;

namespace Connect.BoardWeb.Hooks;

/// <summary>A webhook as it is from now on.</summary>
/// <param name="Hook">The id of its first row.</param>
/// <param name="Events">Separated by spaces.</param>
/// <param name="Secret">Sealed.</param>
/// <param name="Before">The secret before it, sealed; empty if there is none.</param>
/// <param name="BeforeUntil">Milliseconds since 1970 until which that one signs too.</param>
/// <param name="State">One of <see cref="HookState"/>.</param>
/// <param name="Since">Only what is later is sent.</param>
public sealed record NewHook(Guid Id, Guid Hook, Guid Author, string Url, string Events, string Secret, string Before, long BeforeUntil, string State, Guid Since) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("hook", ["hook_id", "author_id", "url", "events", "secret", "secret_before", "before_until", "state", "since_id"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Hook), Uuid7.ToBytes(Author), Url, Events, Secret, Before, BeforeUntil, State, Uuid7.ToBytes(Since)];

    public override int Size => 400 + (Url.Length + Events.Length + Secret.Length + Before.Length) * 2;
}

/// <param name="Origin">Whose row the event is; 0 for tests and reports, which say nothing of how far an origin was told.</param>
/// <param name="Outcome">One of <see cref="HookOutcome"/>.</param>
/// <param name="Status">What the receiver answered; 0: nothing.</param>
public sealed record NewHookDelivery(Guid Id, Guid Hook, Guid EventId, long Origin, string Event, int Attempt, string Outcome, int Status, string Note) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("hook_delivery", ["hook_id", "event_id", "origin", "event", "attempt", "outcome", "status", "note"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Hook), Uuid7.ToBytes(EventId), Origin, Event, Attempt, Outcome, Status, Note];

    public override int Size => 300 + Note.Length * 3;
}
