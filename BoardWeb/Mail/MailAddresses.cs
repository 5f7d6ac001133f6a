using System.Data.Common;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Mail;

/// <summary>Somebody's mail address and what they want to be sent there.</summary>
/// <param name="Address">Empty if there is none.</param>
/// <param name="Digest">One of <see cref="DigestFrequency.All"/>.</param>
public sealed record MailChoice(string Address, bool Confirmed, string Digest)
{
    /// <summary>Where mail may be sent; null if nowhere.</summary>
    public string? Reached => Confirmed && Address.Length > 0 ? Address : null;
}

/// <summary>Somebody who wants digests, and where.</summary>
public sealed record Subscriber(Guid Account, string Address, string Frequency);

/// <summary>
/// Mail addresses and choices of digests: of each account the latest row counts, of either. Nothing but the request for a confirmation is sent to an address before whoever reads it has
/// confirmed it, and another address has to be confirmed anew.
/// </summary>
public sealed class MailAddresses(BoardDatabase database, WriteBatcher writes, Uuid7 ids, TimeProvider time)
{
    private const string Latest = "NOT EXISTS (SELECT 1 FROM mail_address l WHERE l.account_id = m.account_id AND l.id > m.id)";

    public Task<MailChoice> OfAsync(Guid account, CancellationToken cancel) => database.ReadAsync(c => Of(c, account), cancel);

    /// <summary>True if a confirmation may be asked for once more, of this account and at this address (<see cref="MailRules.MaxAsked"/>).</summary>
    public Task<bool> MayAskAsync(Guid account, string address, CancellationToken cancel) => database.ReadAsync(c =>
    {
        var parameters = new { account = Ids.Bytes(account), address, since = Ids.Bytes(Uuid7.LowestAt(time.GetUtcNow().AddDays(-1))) };
        return c.ExecuteScalar<long>("SELECT COUNT(*) FROM mail_address WHERE account_id = @account AND id > @since AND NOT confirmed AND address <> ''", parameters) < MailRules.MaxAsked
            && c.ExecuteScalar<long>("SELECT COUNT(*) FROM mail_address WHERE address = @address AND id > @since AND NOT confirmed", parameters) < MailRules.MaxAsked;
    }, cancel);

    /// <summary>An address that has to be confirmed.</summary>
    public Task<WriteResult> GiveAsync(Guid account, string address) => writes.WriteAsync(new(next => [new NewMailAddress(next(), account, address, false)]));

    /// <summary>It is confirmed; null if the account has another one by now, or none.</summary>
    public async Task<WriteResult?> ConfirmAsync(Guid account, string address, CancellationToken cancel)
    {
        var choice = await OfAsync(account, cancel);
        if (choice.Address != address) return null;
        return choice.Confirmed ? Nothing(account) : await writes.WriteAsync(new(next => [new NewMailAddress(next(), account, address, true)]));
    }

    /// <summary>No address any more.</summary>
    public async Task<WriteResult> RemoveAsync(Guid account, CancellationToken cancel) =>
        (await OfAsync(account, cancel)).Address.Length == 0 ? Nothing(account) : await writes.WriteAsync(new(next => [new NewMailAddress(next(), account, "", false)]));

    /// <summary>Chooses how often; what is so already is not written again.</summary>
    public async Task<WriteResult> ChooseAsync(Guid account, string frequency, CancellationToken cancel) =>
        (await OfAsync(account, cancel)).Digest == frequency ? Nothing(account) : await writes.WriteAsync(new(next => [new NewDigestChoice(next(), account, frequency)]));

    /// <summary>Some of those who want digests and have a confirmed address, in the order of their ids.</summary>
    public static List<Subscriber> Subscribers(DbConnection connection, Guid after, int limit) => [.. connection.Query<(byte[] Account, string Address, string Frequency)>($"""
        SELECT d.account_id, m.address, d.frequency FROM digest_choice d JOIN mail_address m ON m.account_id = d.account_id
        WHERE d.account_id > @after AND d.frequency <> '{DigestFrequency.Never}' AND m.confirmed AND m.address <> '' AND {Latest}
          AND NOT EXISTS (SELECT 1 FROM digest_choice e WHERE e.account_id = d.account_id AND e.id > d.id)
        ORDER BY d.account_id LIMIT {limit}
        """, new { after = Ids.Bytes(after) }).Select(r => new Subscriber(Ids.Of(r.Account), r.Address, r.Frequency))];

    private MailChoice Of(DbConnection connection, Guid account)
    {
        var of = new { account = Ids.Bytes(account) };
        var address = connection.QueryFirstOrDefault<(byte[]? Id, string Address, bool Confirmed)>("SELECT id, address, confirmed FROM mail_address WHERE account_id = @account ORDER BY id DESC LIMIT 1", of);
        var digest = connection.QueryFirstOrDefault<(byte[]? Id, string Frequency)>("SELECT id, frequency FROM digest_choice WHERE account_id = @account ORDER BY id DESC LIMIT 1", of);
        // What is chosen here from now on sorts after everything that has been read here.
        foreach (var id in new[] { address.Id, digest.Id }.OfType<byte[]>()) ids.Observe(Ids.Of(id));
        return new(address.Address ?? "", address.Confirmed, digest.Frequency ?? DigestFrequency.Never);
    }

    private static WriteResult Nothing(Guid account) => new([], account, "", 0, true);
}
