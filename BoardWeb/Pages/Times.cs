namespace Connect.BoardWeb.Pages;

/// <summary>Times for people. They are in UTC; the script of a browser that has one turns them into the reader's own.</summary>
public static class Times
{
    public static string Shown(DateTimeOffset time) => time.UtcDateTime.ToString("d MMM yyyy, HH:mm");

    /// <summary>For a field of a day.</summary>
    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd");

    /// <summary>For a <c>datetime</c> attribute.</summary>
    public static string Machine(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");
}
