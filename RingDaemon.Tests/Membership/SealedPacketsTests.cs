using System.Security.Cryptography;
using Connect.Node.Security;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;
using Xunit;

namespace Connect.RingDaemon.Tests.Membership;

public sealed class SealedPacketsTests
{
    private static readonly byte[] OldKey = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] NewKey = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] Hello = "hello"u8.ToArray();

    private readonly SettableTime _time = new();

    [Fact]
    public void A_sealed_packet_opens_for_members_of_the_cluster()
    {
        using var a = Open([OldKey]);
        using var b = Open([OldKey]);
        Assert.True(b.TryOpen(a.Seal(Hello), out var content));
        Assert.Equal(Hello, content);
        Assert.Equal(1, b.Stats.Opened);
        Assert.Equal(0, b.Stats.Dropped);
    }

    [Fact]
    public void Sealing_adds_the_documented_overhead_and_no_two_packets_are_equal()
    {
        using var a = Open([OldKey]);
        Assert.Equal(Hello.Length + SealedPackets.Overhead, a.Seal(Hello).Length);
        Assert.NotEqual(a.Seal(Hello), a.Seal(Hello));
    }

    [Fact]
    public void Keys_can_be_rotated_without_a_moment_of_misunderstanding()
    {
        using var before = Open([OldKey]);
        using var installed = Open([OldKey, NewKey]);
        using var used = Open([NewKey, OldKey]);
        using var after = Open([NewKey]);
        Assert.True(installed.TryOpen(before.Seal(Hello), out _));
        Assert.True(before.TryOpen(installed.Seal(Hello), out _));
        Assert.True(installed.TryOpen(used.Seal(Hello), out _));
        Assert.True(used.TryOpen(installed.Seal(Hello), out _));
        Assert.True(after.TryOpen(used.Seal(Hello), out _));
        Assert.True(used.TryOpen(after.Seal(Hello), out _));
    }

    [Fact]
    public void A_removed_key_another_cluster_and_another_purpose_do_not_open()
    {
        using var a = Open([OldKey]);
        var sealedPacket = a.Seal(Hello);
        using var removed = Open([NewKey]);
        using var otherCluster = Open([OldKey], cluster: "another");
        using var otherPurpose = Open([OldKey], purpose: "exchange");
        foreach (var other in new[] { removed, otherCluster, otherPurpose })
        {
            Assert.False(other.TryOpen(sealedPacket, out _));
            Assert.Equal(1, other.Stats.WrongKey);
        }
    }

    [Fact]
    public void A_replay_is_dropped_and_counted()
    {
        using var a = Open([OldKey]);
        using var b = Open([OldKey]);
        var packet = a.Seal(Hello);
        Assert.True(b.TryOpen(packet, out _));
        Assert.False(b.TryOpen(packet, out _));
        _time.At += TimeSpan.FromSeconds(29);
        Assert.False(b.TryOpen(packet, out _));
        Assert.Equal(2, b.Stats.Replayed);
        _time.At += TimeSpan.FromSeconds(2);
        Assert.False(b.TryOpen(packet, out _));
        Assert.Equal(1, b.Stats.Stale);
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(31, false)]
    [InlineData(-30, true)]
    [InlineData(-31, false)]
    public void A_packet_is_good_for_thirty_seconds_of_delay_or_clock_difference(int seconds, bool opens)
    {
        using var a = Open([OldKey]);
        var packet = a.Seal(Hello);
        _time.At += TimeSpan.FromSeconds(seconds);
        using var b = Open([OldKey]);
        Assert.Equal(opens, b.TryOpen(packet, out _));
        Assert.Equal(opens ? 0 : 1, b.Stats.Stale);
    }

    [Fact]
    public void Garbage_and_oversize_are_counted_apart()
    {
        using var a = Open([OldKey]);
        Assert.False(a.TryOpen([], out _));
        Assert.False(a.TryOpen(new byte[20], out _));
        Assert.False(a.TryOpen([9, .. new byte[100]], out _));
        Assert.False(a.TryOpen(new byte[WireLimits.Packet + 1], out _));
        Assert.Equal(new PacketStats(0, 3, 0, 0, 0, 1), a.Stats);
        Assert.Throws<ArgumentException>(() => a.Seal(new byte[WireLimits.Packet]));
    }

    [Fact]
    public void No_changed_bit_goes_unnoticed()
    {
        using var a = Open([OldKey]);
        var packet = a.Seal(Hello);
        using var b = Open([OldKey]);
        for (var bit = 0; bit < packet.Length * 8; bit++)
        {
            byte[] changed = [.. packet];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(b.TryOpen(changed, out _));
        }
        Assert.Equal(0, b.Stats.Opened);
        Assert.True(b.TryOpen(packet, out _));
    }

    [Fact]
    public void Ten_thousand_random_packets_are_dropped_without_an_exception()
    {
        var prng = new Prng(7);
        using var a = Open([OldKey, NewKey]);
        for (var i = 0; i < 10_000; i++)
        {
            var packet = new byte[prng.Below(i % 50 == 0 ? 200 : 37)];
            for (var j = 0; j < packet.Length; j++) packet[j] = (byte)(j == 0 ? 1 : prng.Below(256));
            Assert.False(a.TryOpen(packet, out _));
        }
        Assert.Equal(10_000, a.Stats.Dropped);
    }

    /// <summary>The keys change while both run: nothing is restarted, and what was sealed with a key that is gone does not open any more.</summary>
    [Fact]
    public void Keys_are_rotated_while_packets_flow()
    {
        var (here, there) = (new Changing(OldKey), new Changing(OldKey));
        using var a = new SealedPackets(here, "connect", "gossip", WireLimits.Packet, _time);
        using var b = new SealedPackets(there, "connect", "gossip", WireLimits.Packet, _time);
        var captured = a.Seal(Hello);
        foreach (var (mine, theirs) in new (byte[][], byte[][])[]
        {
            ([OldKey, NewKey], [OldKey]), ([OldKey, NewKey], [OldKey, NewKey]), ([NewKey, OldKey], [OldKey, NewKey]), ([NewKey, OldKey], [NewKey, OldKey]), ([NewKey], [NewKey, OldKey]), ([NewKey], [NewKey]),
        })
        {
            (here.Current, there.Current) = (new(mine), new(theirs));
            Assert.True(b.TryOpen(a.Seal(Hello), out _));
            Assert.True(a.TryOpen(b.Seal(Hello), out _));
        }
        Assert.False(b.TryOpen(captured, out _));
        Assert.Equal(1, b.Stats.WrongKey);
    }

    private sealed class Changing(params byte[][] keys) : IClusterKeys
    {
        public ClusterKeys Current { get; set; } = new(keys);
    }

    private SealedPackets Open(byte[][] keys, string cluster = "connect", string purpose = "gossip") =>
        new(new ClusterKeys(keys), cluster, purpose, WireLimits.Packet, _time);
}
