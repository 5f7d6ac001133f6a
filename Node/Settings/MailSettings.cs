namespace Connect.Node.Settings;

/// <summary>Through which server the board sends mail. The same on every node.</summary>
public sealed class MailSettings
{
    /// <summary>The mail server (SMTP); empty, the default: the board sends no mail.</summary>
    public string Host { get; set; } = "";

    /// <summary>587 by default.</summary>
    public int Port { get; set; } = 587;

    /// <summary>How the connection is sealed. <c>None</c> is only taken on the loopback.</summary>
    public MailTls Tls { get; set; } = MailTls.StartTls;

    /// <summary>The address that mails come from.</summary>
    public string From { get; set; } = "";

    /// <summary>The account at the mail server; empty: it asks for none.</summary>
    public string Account { get; set; } = "";

    /// <summary>A file with the account's password, which only its owner may read.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>The password itself: only from the environment; a settings file that holds it is refused.</summary>
    public string Password { get; set; } = "";

    /// <summary>The hour of the day, in UTC, at which digests are due. 6.</summary>
    public int DigestHour { get; set; } = 6;

    /// <summary>The pause before a mail that was not taken is tried again, in seconds; each further one is four times as long. 60.</summary>
    public int RetrySeconds { get; set; } = 60;

    public bool IsSetUp => Host.Length > 0;

    /// <summary>What is wrong with these, in words for an operator.</summary>
    public IEnumerable<string> Faults()
    {
        if (!IsSetUp) yield break;
        if (Uri.CheckHostName(Host) == UriHostNameType.Unknown)
        {
            yield return "mail:host must be the name or the address of a mail server";
            yield break;
        }
        if (Port is < 1 or > 65535) yield return "mail:port must be 1 to 65535";
        if (!Enum.IsDefined(Tls)) yield return "mail:tls must be starttls, tls or none";
        if (Tls == MailTls.None && !new UriBuilder("smtp", Host).Uri.IsLoopback) yield return "mail:tls none is only taken for a mail server on the loopback: what is sent would be open to everybody on the way";
        if (From.Length > 254 || From.IndexOf('@', StringComparison.Ordinal) < 1 || From.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))) yield return "mail:from must be the mail address that mails come from";
        if (Account.Length > 0 && Password.Length == 0 && PasswordFile.Length == 0) yield return "mail:account has no password: name a file with mail:passwordFile, or set CONNECT__Mail__Password in the environment";
        if (DigestHour is < 0 or > 23) yield return "mail:digestHour must be 0 to 23";
        if (RetrySeconds is < 1 or > 3600) yield return "mail:retrySeconds must be 1 to 3600";
    }
}

/// <summary>Sealed after a first word in clear (port 587), from the first byte on (port 465), or not at all.</summary>
public enum MailTls { StartTls, Tls, None }
