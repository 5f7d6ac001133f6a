using Connect.Node.Database;

namespace Connect.RingDaemon.Tests.Foundation;

public sealed class BoardSchemaTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("A;B", new[] { "A", "B" })]
    [InlineData("A -- why; not\n  B;\n;\n", new[] { "A B" })]
    [InlineData("A /* ; \n */ B", new[] { "A B" })]
    [InlineData("A ';' \"--\" `/*`; B", new[] { "A ';' \"--\" `/*`", "B" })]
    [InlineData("A 'it''s; \\'so\\''; B", new[] { "A 'it''s; \\'so\\''", "B" })]
    [InlineData("A 5--3; B", new[] { "A 5--3", "B" })]
    [InlineData("A --", new[] { "A" })]
    public void Statements_are_split_outside_quotes_and_comments(string sql, string[] statements) => Assert.Equal(statements, BoardSchema.Split(sql));

    [Theory]
    [InlineData("A 'never ends")]
    [InlineData("A 'two\nlines'")]
    public void Quotes_end_on_their_line(string sql) => Assert.Throws<FormatException>(() => BoardSchema.Split(sql));

    [Fact]
    public void The_schema_creates_every_table_idempotently_and_says_which()
    {
        Assert.All(BoardSchema.Statements, s => Assert.StartsWith("CREATE TABLE IF NOT EXISTS ", s, StringComparison.Ordinal));
        Assert.All(BoardSchema.Statements, s => Assert.DoesNotContain('\n', s));
        Assert.Equal(BoardSchema.Statements.Count, BoardSchema.Tables.Count);
        Assert.Contains("post", BoardSchema.Tables);
    }
}
