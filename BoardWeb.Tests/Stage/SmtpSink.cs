using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>A real mail server on the loopback, which keeps what it is given.</summary>
public sealed class SmtpSink : IMessageStore, IMailboxFilter, IUserAuthenticator, IAsyncDisposable
{
    public const string Account = "board", Password = "a secret of the mail server's";

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private int _attempts;

    public int Port { get; private init; }

    /// <summary>Everything it took, with the addresses it was told beside the text.</summary>
    public ConcurrentQueue<(MimeMessage Message, IReadOnlyList<string> To)> Mails { get; } = new();

    /// <summary>Addresses it will not take mail for.</summary>
    public ConcurrentBag<string> Unknown { get; } = [];

    /// <summary>What it answers to a text instead of taking it.</summary>
    public SmtpResponse? Refuses { get; set; }

    /// <summary>It took the text, and then the connection ends without a word.</summary>
    public bool BreaksOff { get; set; }

    /// <summary>Mails that it was to take, or refused.</summary>
    public int Attempts => Volatile.Read(ref _attempts);

    public static SmtpSink Start(int? port = null, X509Certificate? certificate = null, bool authentication = true)
    {
        var sink = new SmtpSink { Port = port ?? Server.FreePort() };
        var options = new SmtpServerOptionsBuilder().ServerName("sink.example").Endpoint(e =>
        {
            e.Endpoint(new IPEndPoint(IPAddress.Loopback, sink.Port)).AuthenticationRequired(authentication).AllowUnsecureAuthentication(true);
            if (certificate is not null) e.Certificate(certificate);
        }).Build();
        var services = new SmtpServer.ComponentModel.ServiceProvider();
        services.Add((IMessageStore)sink);
        services.Add((IMailboxFilter)sink);
        services.Add((IUserAuthenticator)sink);
        sink._running = new SmtpServer.SmtpServer(options, services).StartAsync(sink._stop.Token);
        return sink;
    }

    /// <summary>The mails to an address.</summary>
    public List<MimeMessage> To(string address) => [.. Mails.Where(m => m.To.Contains(address)).Select(m => m.Message)];

    /// <summary>Waits for the first mail to an address whose subject has this in it.</summary>
    public async Task<MimeMessage> WaitAsync(string address, string subject = "")
    {
        MimeMessage? found = null;
        await Wait.UntilAsync(() => Task.FromResult((found = To(address).Find(m => m.Subject?.Contains(subject, StringComparison.Ordinal) == true)) is not null), TimeSpan.FromSeconds(60), $"a mail to {address}");
        return found!;
    }

    async Task<SmtpResponse> IMessageStore.SaveAsync(ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _attempts);
        if (Refuses is { } no) return no;
        var breaksOff = BreaksOff;
        using var stream = new MemoryStream(buffer.ToArray());
        Mails.Enqueue((await MimeMessage.LoadAsync(stream, cancellationToken), [.. transaction.To.Select(t => $"{t.User}@{t.Host}")]));
        if (breaksOff) context.Pipe.Output.Complete(new IOException("broken off"));
        return SmtpResponse.Ok;
    }

    Task<bool> IMailboxFilter.CanAcceptFromAsync(ISessionContext context, IMailbox from, int size, CancellationToken cancellationToken) => Task.FromResult(true);

    Task<bool> IMailboxFilter.CanDeliverToAsync(ISessionContext context, IMailbox to, IMailbox from, CancellationToken cancellationToken)
    {
        if (!Unknown.Contains($"{to.User}@{to.Host}")) return Task.FromResult(true);
        Interlocked.Increment(ref _attempts);
        return Task.FromResult(false);
    }

    Task<bool> IUserAuthenticator.AuthenticateAsync(ISessionContext context, string user, string password, CancellationToken cancellationToken) => Task.FromResult((user, password) == (Account, Password));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
        _stop.Dispose();
    }
}
