namespace Connect.BoardWeb.Writes;

/// <summary>Something to be inserted: all of its rows or none.</summary>
/// <param name="Rows">Makes the rows; called once, by the writer, with the source of ids.</param>
/// <param name="Claim">What must not exist yet on this node, if anything.</param>
public sealed record Write(Func<Func<Guid>, IReadOnlyList<NewRow>> Rows, Claim? Claim = null);

/// <summary>
/// A value that only one row should have. It is checked by the node's only writer, so two requests on one node never both get it;
/// two nodes that cannot see each other may, and then readers let the earlier id count.
/// </summary>
/// <param name="Table">A table's name: a constant, never input.</param>
/// <param name="Column">An indexed column of it: a constant, never input.</param>
/// <param name="Value">A string or bytes.</param>
public sealed record Claim(string Table, string Column, object Value)
{
    /// <summary>For comparing claims: bytes as hexadecimal.</summary>
    public string Key => Value is byte[] bytes ? Convert.ToHexString(bytes) : (string)Value;
}

/// <summary>What became of a write.</summary>
/// <param name="Ids">The new rows' ids, in the order in which they were made; empty if <paramref name="Existing"/> is set.</param>
/// <param name="Existing">The row that already had what was claimed; nothing was written then.</param>
/// <param name="Position">The position of the own server that contains it.</param>
/// <param name="Copies">Other nodes that hold it, as far as was waited for.</param>
/// <param name="Satisfied">As many copies as the settings ask for; false while a copy is pending.</param>
public sealed record WriteResult(IReadOnlyList<Guid> Ids, Guid? Existing, string Position, int Copies, bool Satisfied);
