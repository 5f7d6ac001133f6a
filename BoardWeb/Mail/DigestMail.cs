using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Languages;
using Connect.BoardWeb.Pages;
using Connect.Node.Database;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using MimeKit;

namespace Connect.BoardWeb.Mail;

/// <summary>Makes the mails of the board. What people wrote is text in all of them, and one line in each header.</summary>
public sealed class DigestMail(Notifications notifications, MailTokens tokens, NodeSettings settings, TimeProvider time, IServiceProvider services, ILoggerFactory log)
{
    /// <summary>Lines of one digest.</summary>
    public const int MaxItems = 30;

    /// <summary>Characters of a subject that come from a title.</summary>
    private const int MaxInSubject = 80;

    /// <summary>What may have been written while the digest before was being made is looked at again. One minute.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(1);

    /// <summary>Of whoever asks for a mail on a page; the board's own for programs, and for mails that nobody asks for.</summary>
    public CultureInfo LanguageOfAsker => Language.Named(CultureInfo.CurrentUICulture.Name) ?? Own;

    private CultureInfo Own => Language.Named(settings.Web.Language)!;

    private string Board => settings.Web.LinksBegin;

    /// <summary>What this account has neither seen nor been sent; null if there is nothing.</summary>
    /// <param name="sent">When the latest digest that was sent to it was begun.</param>
    public async Task<Digest?> OfAsync(AccountView account, string frequency, DateTimeOffset? sent, CancellationToken cancel)
    {
        // What a digest is written in lasts until the end of this method.
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (Own, Own);
        // A digest says what a member sees: what only moderators may see stays on the board, also for them.
        var reader = Identity.Of(account, "digest", time.GetUtcNow(), scopes: TokenScopes.Of([TokenScopes.Reading]));
        var page = await notifications.PageAsync(reader, null, Notifications.PageSize, cancel);
        var items = page.Items.Where(i => i.IsNew && (sent is null || i.At > sent - Overlap)).ToList();
        return items.Count == 0 ? null : new(account.Name, frequency,
            [.. items.Take(MaxItems).Select(i => new DigestItem(NotificationsModel.Words(i), OneLine(i.Topic.Title), Board + i.Address, i.At))], items.Count > MaxItems || page.Next is not null, Board,
            $"{Board}/mail/unsubscribe?token={tokens.ForUnsubscribing(account.Id)}");
    }

    /// <summary>The mail: HTML and plain text, with one-click unsubscription (RFC 8058).</summary>
    public async Task<MimeMessage> MakeAsync(Digest digest, Guid account, string address, int period)
    {
        // What a digest is written in lasts until the end of this method.
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (Own, Own);
        var first = digest.Items[0];
        var message = New(digest.Name, address, $"{first.What}: {Cut(first.Title)}{Others(digest)}");
        message.Headers.Add(HeaderId.ListUnsubscribe, $"<{digest.Unsubscribe}>");
        message.Headers.Add(HeaderId.ListUnsubscribePost, "List-Unsubscribe=One-Click");
        // Both sides of a partition give it the same one: mail servers that look at it deliver one of the two.
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{account:N} {period} {address}")).AsSpan(0, 16));
        message.MessageId = $"digest-{period}-{name}@{settings.Mail.From[(settings.Mail.From.IndexOf('@', StringComparison.Ordinal) + 1)..]}";
        message.Body = new Multipart("alternative") { new TextPart("plain") { Text = PlainText(digest) }, new TextPart("html") { Text = await HtmlAsync(digest) } };
        return message;
    }

    /// <summary>Asks whoever reads an address whether it is theirs.</summary>
    public MimeMessage Confirmation(AccountView account, string address, CultureInfo language) => Language.Speak(language, () =>
    {
        var message = New(account.Name, address, T["ConfirmMailSubject"]);
        message.Body = new TextPart("plain") { Text = T["ConfirmMail", account.Name, Board, $"{Board}/mail/confirm?token={tokens.ForConfirming(account.Id, address)}"] };
        return message;
    });

    /// <summary>A code with which somebody chooses another password.</summary>
    public MimeMessage Reset(AccountView account, string address, string code, CultureInfo language) => Language.Speak(language, () =>
    {
        var message = New(account.Name, address, T["ResetMailSubject"]);
        message.Body = new TextPart("plain") { Text = T["ResetMail", account.Name, Board + "/reset", code] };
        return message;
    });

    private static string Others(Digest digest) => digest.Items.Count == 1 ? "" : " " + (digest.HasMore ? T["DigestOthersOrMore", digest.Items.Count - 1] : T.Count("DigestOthers", digest.Items.Count - 1));

    /// <summary>The plain text of a digest.</summary>
    public static string PlainText(Digest digest)
    {
        var text = new StringBuilder($"{T["DigestHello", digest.Name]}\n");
        foreach (var item in digest.Items) text.Append($"\n* {item.Title}\n  {item.What}, {Times.Shown(item.At)} UTC\n  {item.Url}\n");
        if (digest.HasMore) text.Append($"\n{T["DigestMore", digest.Board + "/notifications"]}\n");
        return text.Append($"\n{T["DigestBecause", DigestFrequency.Words(digest.Frequency)]}\n{T["DigestEnd", digest.Unsubscribe]}\n{T["DigestChoose", digest.Board + "/account/mail"]}\n").ToString();
    }

    /// <summary>A title as one line, whatever way it came into the database.</summary>
    internal static string OneLine(string title) => string.Concat(title.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)).Trim();

    private static string Cut(string title)
    {
        if (title.Length <= MaxInSubject) return title;
        return title[..(char.IsHighSurrogate(title[MaxInSubject - 1]) ? MaxInSubject - 1 : MaxInSubject)] + "…";
    }

    private MimeMessage New(string name, string address, string subject)
    {
        var message = new MimeMessage { Subject = OneLine(subject), Date = time.GetUtcNow() };
        message.From.Add(new MailboxAddress("Connect", settings.Mail.From));
        message.To.Add(new MailboxAddress(OneLine(name), address));
        message.Headers.Add("Auto-Submitted", "auto-generated"); // nobody's holiday answers it
        return message;
    }

    private async Task<string> HtmlAsync(Digest digest)
    {
        await using var renderer = new HtmlRenderer(services, log);
        return "<!DOCTYPE html>\n" + await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<DigestHtml>(ParameterView.FromDictionary(new Dictionary<string, object?> { ["Digest"] = digest }))).ToHtmlString());
    }
}
