using System.Data.Common;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Dapper;

namespace Connect.BoardWeb.Accounts.External;

/// <summary>Somebody elsewhere who signs in to an account.</summary>
/// <param name="Provider">The site's name in the settings when it was linked.</param>
/// <param name="Sharing">Other accounts that are linked to the same one, on two sides of a partition; as good as always none.</param>
/// <param name="LeadsHere">False: one of those is linked since earlier, and is signed in.</param>
public sealed record ExternalLogin(Guid Id, Guid Account, string Provider, byte[] SubjectHash, IReadOnlyList<string> Sharing, bool LeadsHere)
{
    public DateTimeOffset LinkedAt => Uuid7.TimeOf(Id);
}

/// <summary>
/// Who of other sites signs in to which account. Linking and unlinking are rows; of each subject and account the latest counts. Two sides of a partition may link one subject to two accounts:
/// both links stay, the earliest id leads, and the page of either account says so.
/// </summary>
public sealed class ExternalLogins(BoardDatabase database, Registration registration, WriteBatcher writes, Uuid7 ids)
{
    /// <summary>Links of one account.</summary>
    public const int MaxLinked = 20;

    private const string IsLinked = "l.linked AND NOT EXISTS (SELECT 1 FROM external_login n WHERE n.subject_hash = l.subject_hash AND n.account_id = l.account_id AND n.id > l.id)";

    /// <summary>Whose this is; null if nobody's.</summary>
    public Task<Guid?> OwnerAsync(byte[] subjectHash, CancellationToken cancel) =>
        database.ReadAsync(c => Linked(c, [subjectHash]).Select(l => (Guid?)l.Account).FirstOrDefault(), cancel);

    /// <summary>With what an account is linked, the earliest first.</summary>
    public Task<IReadOnlyList<ExternalLogin>> OfAsync(Guid account, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<ExternalLogin>>(c =>
    {
        var subjects = c.Query<byte[]>($"SELECT l.subject_hash FROM external_login l WHERE l.account_id = @account AND {IsLinked} ORDER BY l.id LIMIT {MaxLinked}", new { account = Ids.Bytes(account) }).ToList();
        var all = Linked(c, subjects);
        return [.. all.Where(l => l.Account == account).Select(mine =>
        {
            var same = all.Where(l => l.SubjectHash.AsSpan().SequenceEqual(mine.SubjectHash)).ToList();
            return new ExternalLogin(mine.Id, account, mine.Provider, mine.SubjectHash, [.. same.Where(l => l.Account != account).Select(l => l.Name)], same[0].Account == account);
        })];
    }, cancel);

    /// <summary>A new account that is signed in to so; <see cref="WriteResult.Existing"/> is set if the name is taken on this node.</summary>
    public Task<WriteResult> SignUpAsync(string name, ExternalIdentity who) =>
        registration.SignUpAsync(name, (next, account) => [new NewExternalLogin(next(), account, who.Provider, who.SubjectHash, Linked: true)]);

    public Task<WriteResult> LinkAsync(Guid account, ExternalIdentity who) =>
        writes.WriteAsync(new(next => [new NewExternalLogin(next(), account, who.Provider, who.SubjectHash, Linked: true)]));

    /// <summary>All links of these subjects, the earliest first.</summary>
    private List<(Guid Id, Guid Account, string Provider, byte[] SubjectHash, string Name)> Linked(DbConnection connection, List<byte[]> subjects)
    {
        if (subjects.Count == 0) return [];
        var found = connection.Query($"""
            SELECT l.id, l.account_id, l.provider, l.subject_hash, a.name, EXISTS (SELECT 1 FROM account e WHERE e.name_key = a.name_key AND e.id < a.id) AS shared
            FROM external_login l LEFT JOIN account a ON a.id = l.account_id WHERE l.subject_hash IN @subjects AND {IsLinked} ORDER BY l.id LIMIT 200
            """, new { subjects }).Select(r =>
            {
                var (id, account) = (Ids.Of((byte[])r.id), Ids.Of((byte[])r.account_id));
                return (id, account, (string)r.provider, (byte[])r.subject_hash, AccountName.Shown((string?)r.name, account, (long)r.shared != 0));
            }).ToList();
        // What is linked or unlinked here from now on sorts after everything that has been read here.
        if (found.Count > 0) ids.Observe(found[^1].id);
        return found;
    }
}
