using System.Net.Sockets;
using Connect.BoardWeb.Metrics;
using Connect.Node.Settings;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Connect.BoardWeb.Mail;

/// <summary>What the mail server did with a mail.</summary>
public enum MailOutcome
{
    /// <summary>It took it.</summary>
    Sent,

    /// <summary>It did not take it, and may do so later.</summary>
    NotSent,

    /// <summary>It never will.</summary>
    Refused,

    /// <summary>The connection ended while it was sent: it may have taken it.</summary>
    InDoubt,
}

/// <summary>Hands mails to the mail server of the settings, one connection each.</summary>
public sealed class MailSender
{
    /// <summary>From the connection to the server's last answer. 30 s.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly MailSettings _settings;
    private readonly string _password;
    private readonly BoardMetrics _metrics;
    private readonly ILogger<MailSender> _log;

    /// <exception cref="SettingsException">The password's file cannot be read.</exception>
    public MailSender(NodeSettings settings, BoardMetrics metrics, ILogger<MailSender> log)
    {
        (_settings, _metrics, _log) = (settings.Mail, metrics, log);
        _password = _settings.Account.Length == 0 ? "" : _settings.Password.Length > 0 ? _settings.Password : SecretFile.Read(settings.Resolve(_settings.PasswordFile)).Trim();
    }

    /// <summary>There is a mail server.</summary>
    public bool IsSetUp => _settings.IsSetUp;

    /// <summary>Tries once. What went wrong stands in the log, without addresses: those are in the server's words.</summary>
    /// <exception cref="OperationCanceledException">The board stops; it may have been sent.</exception>
    public async Task<MailOutcome> SendAsync(MimeMessage message, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Deadline);
        // Until it is under way the server has certainly not taken it.
        var (outcome, why) = (MailOutcome.NotSent, "");
        try
        {
            using var client = new SmtpClient { CheckCertificateRevocation = false, Timeout = (int)Deadline.TotalMilliseconds };
            await client.ConnectAsync(_settings.Host, _settings.Port, _settings.Tls switch
            {
                MailTls.Tls => SecureSocketOptions.SslOnConnect,
                MailTls.StartTls => SecureSocketOptions.StartTls,
                _ => SecureSocketOptions.None,
            }, limit.Token);
            if (_settings.Account.Length > 0) await client.AuthenticateAsync(_settings.Account, _password, limit.Token);
            outcome = MailOutcome.InDoubt;
            await client.SendAsync(message, limit.Token);
            outcome = MailOutcome.Sent; // whatever becomes of the connection
            await client.DisconnectAsync(true, limit.Token);
        }
        catch (SmtpCommandException e) when (outcome != MailOutcome.Sent)
        {
            // An orderly answer: it has not taken it. What it has against the address or the text is for good, if it says so; its sender's address or the connection may be put right.
            outcome = (int)e.StatusCode >= 500 && (e.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted) ? MailOutcome.Refused : MailOutcome.NotSent;
            why = $"the server answered {(int)e.StatusCode} ({e.ErrorCode})";
        }
        catch (Exception e) when (IsExpected(e) && !cancel.IsCancellationRequested)
        {
            why = e is OperationCanceledException ? $"it took longer than {Deadline.TotalSeconds:0} s" : e is AuthenticationException ? "the server did not take the account and its password" : e.GetType().Name;
        }
        if (outcome == MailOutcome.Sent) _metrics.MailsSent.Add();
        else
        {
            _metrics.MailsFailed.Add();
            _log.LogWarning("A mail was not sent through {Host}:{Port} ({Outcome}): {Reason}", _settings.Host, _settings.Port, outcome, why);
        }
        return outcome;
    }

    private static bool IsExpected(Exception e) => e is IOException or SocketException or ProtocolException or AuthenticationException or System.Security.Authentication.AuthenticationException
        or SslHandshakeException or ServiceNotConnectedException or ServiceNotAuthenticatedException or CommandException or OperationCanceledException or NotSupportedException or InvalidOperationException;
}
