using System.Text;

namespace Connect.Node.Database;

/// <summary>The text of <c>Schema.sql</c> as single statements.</summary>
public static class BoardSchema
{
    private static readonly Lazy<IReadOnlyList<string>> Parsed = new(() => Split(Read()));

    /// <summary>Each statement on one line, without comments and without a semicolon at the end; running them twice changes nothing.</summary>
    public static IReadOnlyList<string> Statements => Parsed.Value;

    /// <summary>The tables, in the order in which they are created. All of them are replicated, and all have a primary key <c>id</c>.</summary>
    public static IReadOnlyList<string> Tables { get; } =
        [.. Parsed.Value.Select(statement => statement.Split(' ')).Where(words => words is ["CREATE", "TABLE", ..]).Select(words => words[5])];

    /// <summary>
    /// Splits SQL at semicolons, drops <c>--</c> and <c>/* */</c> comments and joins lines; what stands in quotes is left as it is.
    /// </summary>
    /// <exception cref="FormatException">A quoted text contains a line break (a server reads its init file line by line), or does not end.</exception>
    public static IReadOnlyList<string> Split(string sql)
    {
        var statements = new List<string>();
        var statement = new StringBuilder();
        for (var i = 0; i < sql.Length; i++)
        {
            var c = sql[i];
            if (c is '\'' or '"' or '`')
            {
                var end = EndOfQuoted(sql, i);
                statement.Append(sql, i, end - i + 1);
                i = end;
            }
            else if (IsLineComment(sql, i))
            {
                i = IndexOrEnd(sql, "\n", i) - 1;
            }
            else if (c == '/' && i + 1 < sql.Length && sql[i + 1] == '*')
            {
                i = IndexOrEnd(sql, "*/", i + 2) + 1;
                Space(statement);
            }
            else if (c == ';')
            {
                Finish(statements, statement);
            }
            else if (char.IsWhiteSpace(c))
            {
                Space(statement);
            }
            else
            {
                statement.Append(c);
            }
        }
        Finish(statements, statement);
        return statements;
    }

    private static string Read()
    {
        using var stream = typeof(BoardSchema).Assembly.GetManifestResourceStream("Schema.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>A comment needs white space (or the end of the line) after its two dashes: <c>5--3</c> is arithmetic.</summary>
    private static bool IsLineComment(string sql, int i) =>
        sql[i] == '-' && i + 1 < sql.Length && sql[i + 1] == '-' && (i + 2 == sql.Length || char.IsWhiteSpace(sql[i + 2]));

    private static int IndexOrEnd(string sql, string what, int from)
    {
        var found = sql.IndexOf(what, from, StringComparison.Ordinal);
        return found < 0 ? sql.Length : found;
    }

    private static int EndOfQuoted(string sql, int start)
    {
        var quote = sql[start];
        for (var i = start + 1; i < sql.Length; i++)
        {
            if (sql[i] == '\n') break;
            if (sql[i] == '\\' && quote != '`') i++;
            else if (sql[i] == quote && i + 1 < sql.Length && sql[i + 1] == quote) i++;
            else if (sql[i] == quote) return i;
        }
        throw new FormatException($"The quoted text at character {start} does not end on its line.");
    }

    private static void Space(StringBuilder statement)
    {
        if (statement.Length > 0 && statement[^1] != ' ') statement.Append(' ');
    }

    private static void Finish(List<string> statements, StringBuilder statement)
    {
        if (statement.ToString().Trim() is { Length: > 0 } text) statements.Add(text);
        statement.Clear();
    }
}
