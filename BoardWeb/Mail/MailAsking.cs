using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Mail;

/// <summary>What people ask the board to send them: a mail that confirms their address, and a code for another password.</summary>
public sealed class MailAsking(
    MailAddresses addresses, MailSender sender, DigestMail mail, Outbox outbox, AccountReader accounts, PasswordResets resets, BoardDatabase database, TimeProvider time)
{
    /// <summary>In words, for pages.</summary>
    public const string NotSetUp = "This board sends no mail: nobody has told it a mail server.";

    public bool IsSetUp => sender.IsSetUp;

    /// <summary>Takes an address and sends a link there that confirms it.</summary>
    /// <param name="address">One that <see cref="MailRules"/> finds nothing wrong with.</param>
    /// <returns>What was written; or why nothing was.</returns>
    public async Task<(WriteResult? Result, string? Fault)> GiveAsync(AccountView account, string address, CancellationToken cancel)
    {
        if (!IsSetUp) return (null, NotSetUp);
        if (!await addresses.MayAskAsync(account.Id, address, cancel)) return (null, $"At most {MailRules.MaxAsked} addresses are taken from one account, and {MailRules.MaxAsked} mails sent to one that is not confirmed, in 24 hours. Try again tomorrow.");
        if (!outbox.HasRoom) throw new NodeBusyException("Too many mails wait on this node. Try again in a few minutes.");
        var result = await addresses.GiveAsync(account.Id, address);
        outbox.TryPost(_ => Task.FromResult<MimeKit.MimeMessage?>(mail.Confirmation(account, address)));
        return (result, null);
    }

    /// <summary>
    /// Sends a code for another password to whoever has this name and a confirmed address. It returns at once and looks later, so that nobody learns from it who has one.
    /// </summary>
    public void AskForReset(string name) => outbox.TryPost(async cancel =>
    {
        // Of several people with one name the one whom the name alone means; the others write their suffix.
        if (await accounts.NamedAsync(name, cancel) is not [var account, ..]) return null;
        if ((await addresses.OfAsync(account.Id, cancel)).Reached is not { } address || await ResetsAsync(account.Id, cancel) >= MailRules.MaxResets) return null;
        var (code, _) = await resets.MakeAsync(account, account.Id);
        return mail.Reset(account, address, code);
    });

    private Task<long> ResetsAsync(Guid account, CancellationToken cancel) => database.ReadAsync(c => c.ExecuteScalar<long>(
        "SELECT COUNT(*) FROM decision WHERE subject_id = @account AND property = @property AND author_id = @account AND id > @since",
        new { account = Ids.Bytes(account), property = Decidable.Reset, since = Ids.Bytes(Uuid7.LowestAt(time.GetUtcNow().AddDays(-1))) }), cancel);
}
