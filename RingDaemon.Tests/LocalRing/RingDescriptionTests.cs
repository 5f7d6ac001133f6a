using Connect.Node.Settings;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Local;

public sealed class RingDescriptionTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void What_is_saved_is_what_is_loaded()
    {
        var folder = new RingFolder(_temporary.Path);
        var ring = RingDescription.New(Engine.MySQL, 22080, 3, "ring-a") with { Phase = RingPhase.Running, Founded = true };
        ring.Save(folder);
        Assert.Equivalent(ring, RingDescription.Load(folder), strict: true);
    }

    [Fact]
    public void A_rebuilt_node_never_gets_a_server_id_that_was_used_before()
    {
        var ring = RingDescription.New(Engine.MariaDB, 8080, 3, "ring-a");
        var used = new List<uint>(ring.Nodes.Select(n => n.ServerId));
        foreach (var step in new Func<RingDescription, RingDescription>[] { r => r.WithRebuilt("n2"), r => r.WithNewNode(), r => r.WithRebuilt("n4"), r => r.WithRebuilt("n2") })
        {
            var before = ring;
            ring = step(ring);
            var fresh = ring.Nodes.Select(n => n.ServerId).Except(before.Nodes.Select(n => n.ServerId)).Single();
            Assert.DoesNotContain(fresh, used);
            used.Add(fresh);
        }
    }

    [Fact]
    public void A_newcomer_is_seeded_until_it_has_settled()
    {
        var ring = RingDescription.New(Engine.MariaDB, 8080, 2, "ring-a").WithNewNode();
        Assert.True(ring.Node("n3").Newcomer);
        Assert.False(ring.WithSettled("n3").Node("n3").Newcomer);
    }

    [Fact]
    public void An_unknown_node_is_answered_with_the_known_ones()
    {
        var fault = Assert.Throws<LocalRingException>(() => RingDescription.New(Engine.MariaDB, 8080, 2, "ring-a").Node("n7"));
        Assert.Equal("There is no node 'n7' in this ring; it has n1, n2.", fault.Message);
    }

    [Fact]
    public void A_folder_without_a_ring_says_how_to_start_one() =>
        Assert.Contains("./connect up", Assert.Throws<LocalRingException>(() => RingDescription.Load(new(_temporary.Path))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_broken_description_says_so()
    {
        File.WriteAllText(_temporary.At("ring.json"), "{ \"engine\":");
        Assert.Contains("cannot be read", Assert.Throws<LocalRingException>(() => RingDescription.Load(new(_temporary.Path))).Message, StringComparison.Ordinal);
    }
}
