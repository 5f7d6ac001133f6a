using System.Text.Encodings.Web;
using Microsoft.Data.Sqlite;

namespace Connect.BoardWeb.Search;

/// <summary>The place of a text where it matches, with the words that do marked.</summary>
public static class Excerpts
{
    /// <summary>Words around a match.</summary>
    private const int Words = 32;

    private const char Begin = '\u0002', End = '\u0003';

    /// <summary>
    /// One for each text, as HTML that is safe to show. The index keeps words and no texts: these are indexed once more, in memory, so that what is marked is what was found.
    /// </summary>
    public static IReadOnlyList<string> Of(SearchQuery query, IReadOnlyList<string> texts)
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "CREATE VIRTUAL TABLE text USING fts5 (body, tokenize = \"unicode61 remove_diacritics 2\")";
        command.ExecuteNonQuery();
        command.CommandText = "INSERT INTO text (rowid, body) VALUES (@place, @body)";
        for (var i = 0; i < texts.Count; i++)
        {
            command.Parameters.Clear();
            command.Parameters.AddWithValue("@place", i);
            command.Parameters.AddWithValue("@body", SearchText.Spaced(texts[i].Replace(Begin, ' ').Replace(End, ' ')));
            command.ExecuteNonQuery();
        }
        var excerpts = new string[texts.Count];
        command.CommandText = "SELECT rowid, snippet(text, 0, @begin, @end, '…', @words) FROM text WHERE text MATCH @match";
        command.Parameters.Clear();
        command.Parameters.AddWithValue("@begin", $"{Begin}");
        command.Parameters.AddWithValue("@end", $"{End}");
        command.Parameters.AddWithValue("@words", Words);
        command.Parameters.AddWithValue("@match", string.Join(" OR ", query.Wanted)); // a post that was found by its title may have some of the words, or none
        using var rows = command.ExecuteReader();
        while (rows.Read()) excerpts[rows.GetInt32(0)] = Html(SearchText.Plain(rows.GetString(1)));
        return [.. excerpts.Select((excerpt, i) => excerpt ?? Html(Start(texts[i])))];
    }

    private static string Start(string text) => text.Length <= 200 ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[199]) ? 199 : 200), "…");

    private static string Html(string marked) => HtmlEncoder.Default.Encode(marked)
        .Replace("&#x2;", "<mark>", StringComparison.Ordinal).Replace("&#x3;", "</mark>", StringComparison.Ordinal).Replace("&#xA;", " ", StringComparison.Ordinal);
}
