using System.Data.Common;
using System.Threading.Channels;
using Connect.Node.Database;
using Connect.Node.Settings;
using MimeKit;

namespace Connect.BoardWeb.Mail;

/// <summary>
/// Mails that somebody on this node asked for, one after the other: requests for a confirmation, codes for another password. They are in memory only: what is lost with the board is asked
/// for again. A mail server that takes none holds up all of them; each is tried a few times.
/// </summary>
public sealed class Outbox(MailSender sender, NodeSettings settings, TimeProvider time, ILogger<Outbox> log) : BackgroundService
{
    /// <summary>Mails that may wait; beyond it nobody may ask for more.</summary>
    public const int MaxWaiting = 100;

    /// <summary>Attempts to send one: with the default pauses of 1 and 4 minutes.</summary>
    public const int MaxAttempts = 3;

    private readonly Channel<Func<CancellationToken, Task<MimeMessage?>>> _waiting =
        Channel.CreateBounded<Func<CancellationToken, Task<MimeMessage?>>>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    /// <summary>There is room for one more.</summary>
    public bool HasRoom => _waiting.Reader.Count < MaxWaiting;

    /// <summary>Sends a mail in the background; false if too many are waiting.</summary>
    /// <param name="make">Makes it when its turn has come; null: there is nothing to send after all.</param>
    public bool TryPost(Func<CancellationToken, Task<MimeMessage?>> make) => _waiting.Writer.TryWrite(make);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var make in _waiting.Reader.ReadAllAsync(stoppingToken)) await SendAsync(make, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is lost, and asked for again.
        }
    }

    private async Task SendAsync(Func<CancellationToken, Task<MimeMessage?>> make, CancellationToken cancel)
    {
        try
        {
            using var message = await make(cancel);
            if (message is null) return;
            for (var attempt = 1; await sender.SendAsync(message, cancel) == MailOutcome.NotSent && attempt < MaxAttempts; attempt++)
                await Task.Delay(TimeSpan.FromSeconds(settings.Mail.RetrySeconds) * Math.Pow(4, attempt - 1), time, cancel);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or DbException or TimeoutException)
        {
            log.LogWarning("A mail that was asked for could not be made: {Reason}", e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            log.LogError(e, "A mail that was asked for could not be made."); // the next one must get its chance
        }
    }
}
