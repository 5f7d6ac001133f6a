using Connect.Node.Presence;

namespace Connect.BoardWeb.Presence;

/// <summary>Who has a topic open, as a line of plain text in the language of whoever asks.</summary>
internal static class HereLine
{
    /// <summary>Isolates: a name that is written from right to left must not turn its neighbours around.</summary>
    private const char Begin = '\u2068', End = '\u2069';

    /// <summary>Empty if nobody has it open.</summary>
    public static string Of(HereTopic here)
    {
        if (here.IsEmpty) return "";
        var parts = new List<string>();
        if (here.People.Count > 0) parts.Add(string.Join(", ", here.People.Select(p => $"{Begin}{p.Name}{End}")) + (here.More > 0 ? " " + T.Count("HereMore", here.More) : ""));
        if (here.Guests > 0) parts.Add(T.Count("HereGuests", here.Guests));
        return T["HereNow", here.Count, string.Join("; ", parts)];
    }
}
