using Connect.RingDaemon.Membership;
using Xunit;
using static Connect.RingDaemon.Membership.Liveness;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class PrecedenceTests
{
    /// <summary>Rows are what is claimed, columns what is known (alive, suspect, unreachable, left); + wins, - loses. For an older, an equal and a newer claim.</summary>
    [Theory]
    [InlineData(Alive, "----", "----", "++++")]
    [InlineData(Suspect, "----", "+---", "+++-")]
    [InlineData(Unreachable, "----", "++--", "+++-")]
    [InlineData(Left, "----", "+++-", "++++")]
    public void Claims_win_as_in_the_table(Liveness claim, string older, string equal, string newer)
    {
        Assert.Equal(older, Row(claim, 4));
        Assert.Equal(equal, Row(claim, 5));
        Assert.Equal(newer, Row(claim, 6));
    }

    private static string Row(Liveness claim, ulong incarnation) =>
        new([.. new[] { Alive, Suspect, Unreachable, Left }.Select(known => Precedence.Wins(claim, incarnation, known, 5) ? '+' : '-')]);
}
