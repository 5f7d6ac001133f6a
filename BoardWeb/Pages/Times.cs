using System.Globalization;
using Microsoft.AspNetCore.Html;

namespace Connect.BoardWeb.Pages;

/// <summary>Times for people. They are in UTC; the script of a browser that has one turns them into the reader's own.</summary>
public static class Times
{
    public static string Shown(DateTimeOffset time) => time.UtcDateTime.ToString(T["Format.Time"], CultureInfo.CurrentCulture);

    /// <summary>For a field of a day.</summary>
    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>For a <c>datetime</c> attribute.</summary>
    public static string Machine(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    /// <summary>Within a sentence: an element that machines can read too.</summary>
    public static IHtmlContent Element(DateTimeOffset time) => new HtmlFormattableString("<time datetime=\"{0}\">{1}</time>", Machine(time), Shown(time));
}
