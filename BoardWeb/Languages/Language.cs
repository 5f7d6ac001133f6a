using System.Globalization;

namespace Connect.BoardWeb.Languages;

/// <summary>The languages the board speaks. The programs run without ICU, so how a language writes dates and numbers stands with its texts (docs/adr/0025).</summary>
public static class Language
{
    /// <summary>English first: it is what stands in <c>Texts.resx</c>.</summary>
    public static readonly IReadOnlyList<CultureInfo> All = [Load("en"), Load("de")];

    /// <summary>Of whoever asks, for a <c>lang</c> attribute.</summary>
    public static string Current => CultureInfo.CurrentUICulture.Name is { Length: > 0 } name ? name : All[0].Name;

    /// <summary>Null for anything but the name of one of them.</summary>
    public static CultureInfo? Named(string? name) => All.FirstOrDefault(l => string.Equals(l.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>What it calls itself.</summary>
    public static string TitleOf(CultureInfo language) => Texts.In(language, "LanguageName");

    /// <summary>A text in all of them, for whoever understands only one.</summary>
    public static string InAll(string key) => string.Join(" / ", All.Select(l => Texts.In(l, key)));

    /// <summary>Says something in a language, whoever asks.</summary>
    public static TSaid Speak<TSaid>(CultureInfo language, Func<TSaid> say)
    {
        var before = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        try
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (language, language);
            return say();
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = before;
        }
    }

    private static CultureInfo Load(string name)
    {
        var language = new CultureInfo(name);
        var months = Texts.In(language, "Format.Months").Split(' ');
        // An array of months has a thirteenth, which our calendar leaves empty.
        (language.DateTimeFormat.MonthNames, language.DateTimeFormat.MonthGenitiveNames) = ([.. months, ""], [.. months, ""]);
        var (point, group) = (Texts.In(language, "Format.Decimal"), Texts.In(language, "Format.Thousands"));
        (language.NumberFormat.NumberDecimalSeparator, language.NumberFormat.NumberGroupSeparator) = (point, group);
        return CultureInfo.ReadOnly(language);
    }
}
