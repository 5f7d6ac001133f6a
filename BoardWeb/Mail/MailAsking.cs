using System.Globalization;
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
    public static string NotSetUp => T["MailNotSetUp"];

    public bool IsSetUp => sender.IsSetUp;

    /// <summary>Takes an address and sends a link there that confirms it.</summary>
    /// <param name="address">One that <see cref="MailRules"/> finds nothing wrong with.</param>
    /// <returns>What was written; or why nothing was.</returns>
    public async Task<(WriteResult? Result, string? Fault)> GiveAsync(AccountView account, string address, CancellationToken cancel)
    {
        if (!IsSetUp) return (null, NotSetUp);
        if (!await addresses.MayAskAsync(account.Id, address, cancel)) return (null, T["MailAskedTooOften", MailRules.MaxAsked]);
        if (!outbox.HasRoom) throw new NodeBusyException(T["BusyMails"]);
        var result = await addresses.GiveAsync(account.Id, address);
        var language = mail.LanguageOfAsker;
        outbox.TryPost(_ => Task.FromResult<MimeKit.MimeMessage?>(mail.Confirmation(account, address, language)));
        return (result, null);
    }

    /// <summary>
    /// Sends a code for another password to whoever has this name and a confirmed address. It returns at once and looks later, so that nobody learns from it who has one.
    /// </summary>
    public void AskForReset(string name)
    {
        var language = mail.LanguageOfAsker;
        outbox.TryPost(cancel => ResetAsync(name, language, cancel));
    }

    private async Task<MimeKit.MimeMessage?> ResetAsync(string name, CultureInfo language, CancellationToken cancel)
    {
        // Of several people with one name the one whom the name alone means; the others write their suffix.
        if (await accounts.NamedAsync(name, cancel) is not [var account, ..]) return null;
        if ((await addresses.OfAsync(account.Id, cancel)).Reached is not { } address || await ResetsAsync(account.Id, cancel) >= MailRules.MaxResets) return null;
        var (code, _) = await resets.MakeAsync(account, account.Id);
        return mail.Reset(account, address, code, language);
    }

    private Task<long> ResetsAsync(Guid account, CancellationToken cancel) => database.ReadAsync(c => c.ExecuteScalar<long>(
        "SELECT COUNT(*) FROM decision WHERE subject_id = @account AND property = @property AND author_id = @account AND id > @since",
        new { account = Ids.Bytes(account), property = Decidable.Reset, since = Ids.Bytes(Uuid7.LowestAt(time.GetUtcNow().AddDays(-1))) }), cancel);
}
