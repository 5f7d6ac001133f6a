namespace Connect.Node.Database;

/// <summary>Whether connections to servers are encrypted, and whom they believe.</summary>
/// <param name="On">Encrypt.</param>
/// <param name="CaFile">A server must show a certificate that this authority signed, for the address it was called by. Null believes anybody: listeners are kept out, nobody in the middle is.</param>
public sealed record ServerTls(bool On, string? CaFile = null)
{
    public static implicit operator ServerTls(bool on) => new(on);
}
