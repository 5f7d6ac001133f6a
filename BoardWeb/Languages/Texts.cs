global using static Connect.BoardWeb.Languages.Texts;

using System.Globalization;
using System.Resources;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Html;

namespace Connect.BoardWeb.Languages;

/// <summary>
/// Whatever the board says, in the language of whoever asks: <c>T["SignIn"]</c>, in pages, components and code alike. The words stand in <c>Texts.resx</c> (English) and
/// <c>Texts.de.resx</c>. Who has no language (the API, the log, work in the background) gets English.
/// </summary>
public sealed class Texts
{
    private static readonly ResourceManager Resources = new(typeof(Texts));

    private Texts()
    {
    }

    public static Texts T { get; } = new();

    /// <summary>The text of a key; for a key that does not exist the key itself.</summary>
    public string this[string key] => Resources.GetString(key, CultureInfo.CurrentUICulture) ?? key;

    /// <summary>The text of a key with values in the places of <c>{0}</c>, <c>{1}</c>; numbers are written as the language does.</summary>
    public string this[string key, params object?[] values] => string.Format(CultureInfo.CurrentCulture, this[key], values);

    /// <summary>How many of something: the text of <c>key.One</c> or <c>key.Many</c>, with the number in the place of <c>{0}</c>.</summary>
    public string Count(string key, int number) => this[$"{key}.{(number == 1 ? "One" : "Many")}", number];

    /// <summary>A text with markup of its own, such as a link within a sentence. The values are encoded, but for those that are HTML already.</summary>
    public IHtmlContent Html(string key, params object?[] values) => new HtmlFormattableString(CultureInfo.CurrentCulture, this[key], values);

    /// <summary>The same for a component.</summary>
    public MarkupString Markup(string key, params object?[] values)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        Html(key, values).WriteTo(text, HtmlEncoder.Default);
        return new(text.ToString());
    }

    /// <summary>The text of a key in one language, whoever asks.</summary>
    internal static string In(CultureInfo language, string key) => Resources.GetString(key, language) ?? key;
}
