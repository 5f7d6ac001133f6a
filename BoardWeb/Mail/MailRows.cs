using Connect.BoardWeb.Writes;
using Connect.Node.Database;

namespace Connect.BoardWeb.Mail;

/// <param name="Address">Empty: there is none any more.</param>
/// <param name="Confirmed">Somebody who reads its mail has said so.</param>
public sealed record NewMailAddress(Guid Id, Guid Account, string Address, bool Confirmed) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("mail_address", ["account_id", "address", "confirmed"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), Address, Confirmed];

    public override int Size => 300 + Address.Length;
}

/// <param name="Frequency">One of <see cref="DigestFrequency.All"/>.</param>
public sealed record NewDigestChoice(Guid Id, Guid Account, string Frequency) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("digest_choice", ["account_id", "frequency"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), Frequency];
}

/// <param name="Period">As <see cref="DigestPeriod.At"/> says.</param>
/// <param name="Outcome">One of <see cref="DigestOutcome"/>.</param>
public sealed record NewDigestSent(Guid Id, Guid Account, int Period, string Outcome) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("digest_sent", ["account_id", "period", "outcome"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), Period, Outcome];
}
