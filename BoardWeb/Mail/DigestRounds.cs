using System.Data.Common;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Sending;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.BoardWeb.Mail;

/// <summary>
/// Sends digests, if it is this node's turn (<see cref="SenderTurn"/>). A digest is begun with a row before it is sent, and another row says what became of it; one that was begun and has no
/// other row is never sent again, by no node: it may have been. What was in it is in the next one, if it is still unread.
/// </summary>
public sealed class DigestRounds(
    BoardDatabase database, WriteBatcher writes, AccountReader accounts, DigestMail mail, MailSender sender, SenderTurn turn, NodeSettings settings, TimeProvider time, ILogger<DigestRounds> log) : BackgroundService
{
    /// <summary>Between two looks at whose digest is due. 5 s.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);

    private const int SubscribersAtOnce = 100;

    /// <summary>Who had nothing new in a period, so that they are not looked at again in it: what comes later in the day waits for the next. Beyond it some are looked at twice.</summary>
    private const int MaxKnown = 100_000;

    private readonly HashSet<(Guid, int)> _nothing = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!sender.IsSetUp) return;
        try
        {
            while (true)
            {
                await Task.Delay(await RoundAsync(stoppingToken) ? Pace : TimeSpan.FromSeconds(Math.Max(Pace.TotalSeconds, settings.Mail.RetrySeconds)), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A digest that was under way is one that was begun.
        }
    }

    /// <returns>False if the mail server takes nothing now.</returns>
    private async Task<bool> RoundAsync(CancellationToken cancel)
    {
        try
        {
            if (_nothing.Count >= MaxKnown) _nothing.Clear();
            var after = Guid.Empty;
            while (turn.IsOurs && DigestPeriod.At(time.GetUtcNow(), settings.Mail.DigestHour, DigestFrequency.Daily) is { } period)
            {
                _nothing.RemoveWhere(n => n.Item2 != period);
                var some = await database.ReadAsync(c => MailAddresses.Subscribers(c, after, SubscribersAtOnce), cancel);
                if (some.Count == 0) break;
                after = some[^1].Account;
                var rows = await database.ReadAsync(c => Rows(c, some, period), cancel);
                foreach (var subscriber in some)
                {
                    if (DigestPeriod.At(time.GetUtcNow(), settings.Mail.DigestHour, subscriber.Frequency) != period || _nothing.Contains((subscriber.Account, period))) continue;
                    if (!DigestPeriod.IsDue([.. rows[subscriber.Account]], time.GetUtcNow(), TimeSpan.FromSeconds(settings.Mail.RetrySeconds))) continue;
                    if (!turn.IsOurs) return true;
                    if (!await SendAsync(subscriber, period, cancel)) return false;
                }
            }
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException or TimeoutException)
        {
            log.LogDebug("Digests cannot be looked for: {Reason}", e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            log.LogError(e, "Digests could not be sent."); // the next round must get its chance
        }
        return true;
    }

    private async Task<bool> SendAsync(Subscriber to, int period, CancellationToken cancel)
    {
        if (await accounts.FindAsync(to.Account, cancel) is not { } account) return true; // it has not arrived here yet
        if (await mail.OfAsync(account, to.Frequency, await database.ReadAsync(c => LastSent(c, to.Account), cancel), cancel) is not { } digest)
        {
            _nothing.Add((to.Account, period));
            return true;
        }
        using var message = await mail.MakeAsync(digest, to.Account, to.Address, period);
        await writes.WriteAsync(new(next => [new NewDigestSent(next(), to.Account, period, DigestOutcome.Begun)]));
        var outcome = await sender.SendAsync(message, cancel);
        if (outcome != MailOutcome.InDoubt)
        {
            var became = outcome switch { MailOutcome.Sent => DigestOutcome.Sent, MailOutcome.Refused => DigestOutcome.Refused, _ => DigestOutcome.Failed };
            await writes.WriteAsync(new(next => [new NewDigestSent(next(), to.Account, period, became)]));
        }
        return outcome != MailOutcome.NotSent;
    }

    private static ILookup<Guid, (string, DateTimeOffset)> Rows(DbConnection connection, List<Subscriber> of, int period) => connection.Query<(byte[] Account, byte[] Id, string Outcome)>(
            "SELECT account_id, id, outcome FROM digest_sent WHERE account_id IN @accounts AND period = @period ORDER BY id", new { accounts = of.Select(s => Ids.Bytes(s.Account)), period })
        .ToLookup(r => Ids.Of(r.Account), r => (r.Outcome, Uuid7.TimeOf(Ids.Of(r.Id))));

    /// <summary>When the latest digest that was sent was begun; null if none was.</summary>
    private static DateTimeOffset? LastSent(DbConnection connection, Guid account) => connection.ExecuteScalar<byte[]?>($"""
        SELECT MAX(b.id) FROM digest_sent b WHERE b.account_id = @account AND b.outcome = '{DigestOutcome.Begun}'
          AND b.period = (SELECT MAX(s.period) FROM digest_sent s WHERE s.account_id = @account AND s.outcome = '{DigestOutcome.Sent}')
        """, new { account = Ids.Bytes(account) }) is { } id ? Uuid7.TimeOf(Ids.Of(id)) : null;
}
