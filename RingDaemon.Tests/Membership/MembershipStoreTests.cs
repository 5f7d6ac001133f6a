using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Simulation;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class MembershipStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("connect-members-").FullName;

    [Fact]
    public void What_was_saved_is_loaded()
    {
        MemberReport[] members =
        [
            new(SimulatedNode.FactsOf("n1"), 5, 7, Liveness.Unreachable, true),
            new(SimulatedNode.FactsOf("n2") with { Source = "n1", Phase = Phase.Maintenance, Unreached = new(["n3", "n1"]) }, 1_800_000_000_000, 1_800_000_000_000, Liveness.Alive, false),
        ];
        var store = new MembershipStore(Path.Combine(_folder, "new", "state"));
        store.Save([.. members]);
        store.Save([.. members]);
        Assert.Equal(members, new MembershipStore(Path.Combine(_folder, "new", "state")).Load(out var fault));
        Assert.Null(fault);
    }

    [Fact]
    public void Nothing_saved_is_nobody_known() => Assert.Empty(new MembershipStore(_folder).Load(out _));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[{}]")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("[{\"facts\":null,\"incarnation\":1}]")]
    public void A_file_that_cannot_be_used_is_ignored(string content)
    {
        var store = new MembershipStore(_folder);
        File.WriteAllText(store.Path, content);
        Assert.Empty(store.Load(out _));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
