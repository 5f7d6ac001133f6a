using System.Globalization;
using System.Text;

namespace Connect.BoardWeb.Tests.Archive;

/// <summary>Writes the archive of a mailing list that never was: threads, encodings, attachments, quotes, and some mails that are broken. The same seed writes the same bytes.</summary>
public static class MboxMaker
{
    private static readonly string[] Words =
        "ring node replica source lag digest post topic reader writer commit index page cache token queue batch thread quote answer patch build test board channel archive mail list server".Split(' ');

    private static readonly (string Name, string Address)[] People =
    [
        ("Ann Smith", "ann@example.org"), ("=?iso-8859-1?Q?J=F6rg_M=FCller?=", "joerg@example.de"), ("=?koi8-r?B?6dfBziDw0s/O0w==?=", "ivan@example.ru"), ("\"O'Brien, Pat\"", "pat@example.ie"),
        ("", "nameless@example.net"), ("=?utf-8?B?5bGx55Sw?=", "yamada@example.jp"), ("Carol", "carol@example.com"), ("Dave", "dave@example.com"),
    ];

    /// <summary>Mails out of a hundred that are broken: without headers, or with a date that cannot be.</summary>
    private const int Broken = 1;

    static MboxMaker() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <returns>Mails that can be read, and threads.</returns>
    public static (int Good, int Threads) Write(string file, int mails, int seed)
    {
        var dice = new Random(seed);
        using var stream = File.Create(file);
        var (open, good, threads) = (new List<(string Id, string Subject, List<string> Path)>(), 0, 0);
        var time = new DateTimeOffset(2004, 1, 5, 8, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < mails; i++)
        {
            time += TimeSpan.FromSeconds(dice.Next(60, 7200));
            if (dice.Next(100) < Broken)
            {
                Put(stream, $"From nobody {Stamp(time)}\nthis is no header at all\n\nand no mail {i}\n\n");
                continue;
            }
            var (name, address) = People[dice.Next(People.Length)];
            var id = $"{i}.{seed}@list.example";
            var answers = open.Count > 0 && dice.Next(100) < 75 ? open[dice.Next(open.Count)] : default;
            var subject = answers.Id is null ? Sentence(dice, 3, 8) : "Re: " + answers.Subject;
            List<string> path = answers.Id is null ? [] : [.. answers.Path, answers.Id];
            if (answers.Id is null) threads++;
            var head = new StringBuilder()
                .Append($"From {address} {Stamp(time)}\n").Append($"From: {name} <{address}>\n").Append("To: list@list.example\n").Append($"Date: {time.ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} +0000\n")
                .Append($"Message-ID: <{id}>\n").Append($"Subject: {subject}\n");
            if (path.Count > 0) head.Append($"In-Reply-To: <{path[^1]}>\nReferences: {string.Join("\n ", path.Select(p => $"<{p}>"))}\n");
            Put(stream, head + "MIME-Version: 1.0\n");
            Body(stream, dice, answers.Id is null ? null : "> " + Sentence(dice, 5, 15) + "\n> " + Sentence(dice, 5, 15) + "\n");
            good++;
            open.Add((id, subject.StartsWith("Re: ", StringComparison.Ordinal) ? subject[4..] : subject, path.Count > 30 ? path[^10..] : path));
            if (open.Count > 20) open.RemoveAt(dice.Next(10));
        }
        return (good, threads);
    }

    private static void Body(Stream stream, Random dice, string? quote)
    {
        var text = $"Hello,\n\n{(quote is null ? "" : $"somebody wrote:\n{quote}")}{string.Join("\n\n", Enumerable.Range(0, dice.Next(1, 5)).Select(_ => Sentence(dice, 10, 60)))}\n\n-- \nA signature\n";
        switch (dice.Next(8))
        {
            case 0:
                Put(stream, "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n" + QuotedPrintable(Encoding.Latin1.GetBytes("Grüße, naïve Übung. " + text)) + "\n\n");
                break;
            case 1:
                Put(stream, "Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n" + Base64(Encoding.GetEncoding("koi8-r").GetBytes("Привет. " + text)) + "\n\n");
                break;
            case 2:
                Put(stream, "Content-Type: multipart/mixed; boundary=\"=_b\"\n\n--=_b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + text
                    + "\n--=_b\nContent-Type: application/octet-stream; name=\"data.bin\"\nContent-Disposition: attachment; filename=\"data.bin\"\nContent-Transfer-Encoding: base64\n\n"
                    + Base64(Bytes(dice, dice.Next(500, 9000))) + "\n--=_b--\n\n");
                break;
            case 3:
                Put(stream, "Content-Type: multipart/alternative; boundary=\"=_a\"\n\n--=_a\nContent-Type: text/plain; charset=utf-8\n\n" + text + "\n--=_a\nContent-Type: text/html; charset=utf-8\n\n<p>"
                    + text.Replace("\n", "<br>", StringComparison.Ordinal) + "</p>\n--=_a--\n\n");
                break;
            case 4:
                Put(stream, "Content-Type: text/html; charset=utf-8\n\n<html><body><p>" + text.Replace("\n", "<br>", StringComparison.Ordinal) + "</p></body></html>\n\n");
                break;
            default:
                Put(stream, "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" + text + (dice.Next(5) == 0 ? ">From here on it is quoted.\n" : "") + "\n");
                break;
        }
    }

    private static string Sentence(Random dice, int least, int most) => string.Join(' ', Enumerable.Range(0, dice.Next(least, most)).Select(_ => Words[dice.Next(Words.Length)]));

    private static byte[] Bytes(Random dice, int count)
    {
        var bytes = new byte[count];
        dice.NextBytes(bytes);
        return bytes;
    }

    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n");

    private static string QuotedPrintable(byte[] bytes) => string.Concat(bytes.Select(b => b is (byte)'=' or > 126 ? $"={b:X2}" : ((char)b).ToString()));

    private static string Stamp(DateTimeOffset time) => time.ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture);

    private static void Put(Stream stream, string text) => stream.Write(Encoding.UTF8.GetBytes(text));
}
