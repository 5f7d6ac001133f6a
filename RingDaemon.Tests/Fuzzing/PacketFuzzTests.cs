using System.Diagnostics;
using System.Globalization;

namespace Connect.RingDaemon.Tests.Fuzzing;

/// <summary>Runs when nothing else does: it measures time. <c>scripts/fuzz</c> runs it for longer.</summary>
[Collection("fuzz")]
public sealed class PacketFuzzTests(ITestOutputHelper output)
{
    /// <summary>Packets in CI: about a minute of one core, as it is built there.</summary>
    private const long InCi = 8_000_000;

    [Fact]
    public void No_packet_throws_outgrows_its_bounds_or_is_read_as_another_one()
    {
        var packets = Setting("CONNECT_FUZZ_PACKETS", InCi);
        var seed = (ulong)Setting("CONNECT_FUZZ_SEED", 1);
        using var fuzzer = new PacketFuzzer();
        var began = Stopwatch.StartNew();
        for (var i = 0L; i < packets; i++) fuzzer.Run(unchecked(seed + (ulong)i));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{packets} packets, seeds {seed} to {unchecked(seed + (ulong)packets - 1)}, {began.Elapsed.TotalSeconds:0.0} s; {fuzzer.Read} were read, {fuzzer.SpoiledAndRead} of them spoiled; no violation"));
        // The properties must have had something to look at.
        if (packets >= 10_000) Assert.True(fuzzer.SpoiledAndRead > packets / 1000, $"only {fuzzer.SpoiledAndRead} spoiled packets could be read");
    }

    private static long Setting(string name, long otherwise) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}

[CollectionDefinition("fuzz", DisableParallelization = true)]
public sealed class FuzzTests;
