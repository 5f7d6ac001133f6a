using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Storage;
using Connect.Node.Files;

namespace Connect.BoardWeb.Archive;

/// <summary>How a field is kept in a column and written in JSON.</summary>
internal enum FieldType { Id, OptionalId, Text, OptionalText, Flag, Number, Bytes }

/// <summary>One field of an archived object.</summary>
/// <param name="Name">In JSON.</param>
/// <param name="Column">A constant, never input.</param>
/// <param name="Fault">What is wrong with a text, or null.</param>
/// <param name="Max">The largest number, or the most bytes; a number that is missing is 0.</param>
/// <param name="PostOfText">The column with the id of the post that it is a text of; that of an erased post is not exported, even if it is still there.</param>
internal sealed record ArchivedField(string Name, string Column, FieldType Type, Func<string?, string?>? Fault = null, string? PostOfText = null, int Max = 0)
{
    /// <summary>SQL for its value in a row <c>x</c>.</summary>
    public string Value => PostOfText is null ? $"x.{Column}"
        : $"IF(x.{Column} IS NOT NULL AND EXISTS (SELECT 1 FROM post_revision g WHERE g.post_id = x.{PostOfText} AND g.kind = '{RevisionKind.Erase}'), '', x.{Column})";

    /// <summary>Writes the value of a column.</summary>
    public void Write(Utf8JsonWriter json, object? value)
    {
        switch (Type)
        {
            case FieldType.OptionalId or FieldType.OptionalText when value is null or DBNull:
                break;
            case FieldType.Id or FieldType.OptionalId:
                json.WriteString(Name, Ids.Of((byte[])value!));
                break;
            case FieldType.Flag:
                json.WriteBoolean(Name, Convert.ToBoolean(value, CultureInfo.InvariantCulture));
                break;
            case FieldType.Number:
                json.WriteNumber(Name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case FieldType.Bytes:
                json.WriteBase64String(Name, (byte[])value!);
                break;
            default:
                json.WriteString(Name, (string)value!);
                break;
        }
    }

    /// <summary>The value for the column.</summary>
    /// <exception cref="FormatException">It is missing or wrong; the message says what.</exception>
    public object? Read(JsonElement item)
    {
        var found = item.TryGetProperty(Name, out var json) && json.ValueKind != JsonValueKind.Null;
        if (!found && Type == FieldType.Number) return 0L;
        if (!found) return Type is FieldType.OptionalId or FieldType.OptionalText ? null : throw new FormatException($"'{Name}' is missing.");
        switch (Type)
        {
            case FieldType.Id or FieldType.OptionalId:
                return json.ValueKind == JsonValueKind.String && json.TryGetGuid(out var id) ? Ids.Bytes(id) : throw new FormatException($"'{Name}' is no id.");
            case FieldType.Flag:
                return json.ValueKind is JsonValueKind.True or JsonValueKind.False ? json.GetBoolean() : throw new FormatException($"'{Name}' is neither true nor false.");
            case FieldType.Number:
                return json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out var number) && number >= 0 && number <= Max ? number : throw new FormatException($"'{Name}' is no whole number from 0 to {Max}.");
            case FieldType.Bytes:
                return json.ValueKind == JsonValueKind.String && json.TryGetBytesFromBase64(out var bytes) && bytes.Length <= Max ? bytes : throw new FormatException($"'{Name}' is no base64 of at most {Max} bytes.");
            default:
                var text = json.ValueKind == JsonValueKind.String ? json.GetString()! : throw new FormatException($"'{Name}' is no text.");
                return Fault?.Invoke(text) is { } fault ? throw new FormatException($"{Name}: {fault}") : text;
        }
    }
}

/// <summary>A kind of object in an export, and the table its rows are in. Fields are written and read from this one list, so what was exported is what is imported.</summary>
/// <param name="Name">The <c>type</c> of its objects.</param>
/// <param name="Author">The column that says whose it is.</param>
/// <param name="Counts">SQL for which rows <c>x</c> are exported.</param>
internal sealed partial record ArchivedKind(string Name, string Table, string Author, ArchivedField[] Fields, string Counts = "TRUE")
{
    /// <summary>A part of a file's content. It has no author of its own: it is exported with its file.</summary>
    public static readonly ArchivedKind FilePart = new("file-part", "file_part", "",
        [Id("content", "content_id"), Number("number", "number", FileRules.PartsOf(FileRules.MaxBytes) - 1), new("bytes", "bytes", FieldType.Bytes, Max: FileRules.PartBytes)]);

    /// <summary>Of one that was erased nothing is exported, even if it is still there.</summary>
    public static readonly ArchivedKind File = new("file", "file", "author_id",
    [
        Id("author", "author_id"), new("name", "name", FieldType.Text), new("mediaType", "type", FieldType.Text), new("sourceHash", "source_hash", FieldType.Bytes, Max: SHA256.HashSizeInBytes),
        Id("content", "content_id"), Number("size", "size", FileRules.MaxBytes), Number("width", "width", ushort.MaxValue), Number("height", "height", ushort.MaxValue),
        new("shown", "shown_id", FieldType.OptionalId), Number("shownSize", "shown_size", FileRules.MaxBytes), Number("shownWidth", "shown_width", ushort.MaxValue), Number("shownHeight", "shown_height", ushort.MaxValue),
    ], Counts: $"NOT EXISTS (SELECT 1 FROM decision g WHERE g.subject_id = x.id AND g.property = '{Decidable.Erased}')");

    /// <summary>In the order in which they are exported: what is referred to comes first, but for decisions, so that nobody sees for a moment what they hide.</summary>
    public static readonly IReadOnlyList<ArchivedKind> All =
    [
        new("account", "account", "id", [new("name", "name", FieldType.Text, Name40)]),
        new("decision", "decision", "author_id",
            [Id("subject", "subject_id"), new("property", "property", FieldType.Text, Word20), new("value", "value", FieldType.Text, PostRules.Description), Id("author", "author_id"), Reason()]),
        FilePart,
        File,
        new("channel", "channel", "author_id", [Id("author", "author_id"), new("slug", "slug", FieldType.Text, PostRules.Slug), new("title", "title", FieldType.Text, PostRules.Title)]),
        new("topic", "topic", "author_id", [Id("channel", "channel_id"), Id("author", "author_id"), new("title", "title", FieldType.Text, PostRules.Title)], FirstOf("topic")),
        new("post", "post", "author_id",
            [Id("topic", "topic_id"), Id("author", "author_id"), new("inReplyTo", "in_reply_to", FieldType.OptionalId), new("body", "body", FieldType.Text, Body, "id")], FirstOf("post")),
        new("revision", "post_revision", "author_id",
            [Id("post", "post_id"), Id("author", "author_id"), new("kind", "kind", FieldType.Text, Word10), new("body", "body", FieldType.OptionalText, Body, "post_id"), Reason()]),
        new("reaction", "reaction", "author_id", [Id("post", "post_id"), Id("author", "author_id"), new("kind", "kind", FieldType.Text, Word10), new("given", "given", FieldType.Flag)]),
        new("report", "report", "author_id", [Id("post", "post_id"), Id("author", "author_id"), Reason()]),
    ];

    public static ArchivedKind? Named(string? name) => All.FirstOrDefault(k => k.Name == name);

    /// <summary>The row of an object; <c>id</c> has been checked by then.</summary>
    /// <exception cref="FormatException">Something is missing or wrong; the message says what.</exception>
    public ImportedRow Row(Guid id, JsonElement item)
    {
        List<string> columns = [.. Fields.Select(f => f.Column)];
        List<object?> values = [.. Fields.Select(f => f.Read(item))];
        if (Table == "account")
        {
            columns.Add("name_key");
            values.Add(NameKey((string)values[0]!, id));
        }
        if (this == File && FileFault(Fields.Zip(values).ToDictionary(f => f.First.Name, f => f.Second)) is { } fault) throw new FormatException(fault);
        return new(id, Table, [.. columns], [.. values]);
    }

    /// <summary>Writes one object on a line of its own.</summary>
    public void Write(Utf8JsonWriter json, DbDataReader row)
    {
        json.WriteStartObject();
        json.WriteString("type", Name);
        json.WriteString("id", Ids.Of((byte[])row[0]));
        for (var i = 0; i < Fields.Length; i++) Fields[i].Write(json, row[i + 1]);
        json.WriteEndObject();
    }

    /// <summary>
    /// Who has a name that could be chosen here has it with all that this means (of two the earlier one keeps the plain name). Authors of mails have names that nobody can choose, and nobody else has.
    /// </summary>
    private static string NameKey(string name, Guid id) => AccountName.Fault(name) is null ? AccountName.KeyOf(name) : $"id:{id:N}";

    /// <summary>A file is served as what its row says that it is: only as what is taken here, and under a name that it could have got here.</summary>
    private static string? FileFault(Dictionary<string, object?> file)
    {
        if (FileKind.Named((string)file["mediaType"]!) is not { } kind) return $"'mediaType' is one of {string.Join(", ", FileKind.All.Select(k => k.Type))}.";
        if (FileRules.Name((string)file["name"]!, kind) != (string)file["name"]!) return "'name' is no name of a file of this kind.";
        if (((byte[])file["sourceHash"]!).Length != SHA256.HashSizeInBytes) return "'sourceHash' is no SHA-256.";
        if (Is("size", false) || Is("width", !kind.IsPicture) || Is("height", !kind.IsPicture)) return "'size', 'width' and 'height' do not fit.";
        var shown = file["shown"] is not null;
        return Is("shownSize", !shown) || Is("shownWidth", !shown) || Is("shownHeight", !shown) || (shown && !kind.IsPicture) ? "What is shown of it does not fit." : null;

        bool Is(string field, bool positive) => (long)file[field]! > 0 == positive;
    }

    /// <summary>Rows that repeat an earlier one's request are there and do not count.</summary>
    private static string FirstOf(string table) => $"NOT EXISTS (SELECT 1 FROM {table} e WHERE e.request_key = x.request_key AND e.id < x.id)";

    private static ArchivedField Number(string name, string column, int max) => new(name, column, FieldType.Number, Max: max);

    private static ArchivedField Id(string name, string column) => new(name, column, FieldType.Id);

    private static ArchivedField Reason() => new("reason", "reason", FieldType.Text, PostRules.Reason);

    private static string? Name40(string? name) => string.IsNullOrWhiteSpace(name) || name.Length > AccountName.MaxLength || name.Any(char.IsControl)
        ? $"A name has 1 to {AccountName.MaxLength} characters, and no control characters." : null;

    /// <summary>One that was erased is empty.</summary>
    private static string? Body(string? body) => body?.Length == 0 ? null : PostRules.Body(body).Fault;

    private static string? Word10(string? word) => word?.Length <= 10 && Word().IsMatch(word) ? null : "It is a word of at most 10 letters.";

    private static string? Word20(string? word) => word?.Length <= 20 && Word().IsMatch(word) ? null : "It is a word of at most 20 letters.";

    [GeneratedRegex("\\A[a-z-]+\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
