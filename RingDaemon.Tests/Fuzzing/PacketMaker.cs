using System.Collections.Immutable;
using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Tests.Fuzzing;

/// <summary>Draws messages as members send them, at the edges of their limits more often than chance would, and spoils their bytes.</summary>
internal sealed class PacketMaker(Prng dice)
{
    private const string NameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";

    private static readonly string[] Texts = ["", "a", "Grüße 🌍", "http://127.0.0.1:7081", "\0", "\u202e", new('x', 255), new('é', 127)];
    private static readonly ulong[] Numbers = [0, 1, WireLimits.Incarnation - 1, WireLimits.Incarnation];

    public Message Message()
    {
        var rumours = Enumerable.Range(0, dice.Below(4) == 0 ? dice.Below(WireLimits.Rumours + 1) : dice.Below(4)).Select(_ => Rumour()).ToImmutableArray();
        return new((Verb)dice.Below(5), dice.Next(), Name(), dice.Below(3) == 0 ? "" : Name(), rumours);
    }

    public (string Peer, ImmutableArray<MemberReport> Reports) Exchange() =>
        (Name(), [.. Enumerable.Range(0, dice.Below(6) == 0 ? dice.Below(128) : dice.Below(6)).Select(_ => new MemberReport(Facts(), Number(), Number(), (Liveness)dice.Below(4), Flip()))]);

    /// <summary>Random bytes, the first of them a likely one.</summary>
    public byte[] Noise(int longest)
    {
        var bytes = new byte[dice.Below(longest + 1)];
        Fill(bytes);
        if (bytes.Length > 0 && Flip()) bytes[0] = (byte)dice.Below(6);
        return bytes;
    }

    /// <summary>One to four of what happens to bytes: flipped, cut, grown, doubled, moved, set to an edge.</summary>
    public byte[] Spoil(byte[] bytes)
    {
        for (var left = 1 + dice.Below(4); left > 0; left--) bytes = SpoilOnce(bytes);
        return bytes;
    }

    private byte[] SpoilOnce(byte[] bytes)
    {
        if (bytes.Length == 0) return Noise(8);
        var at = dice.Below(bytes.Length);
        var until = at + dice.Below(Math.Min(bytes.Length - at, 64) + 1);
        switch (dice.Below(8))
        {
            case 0: return [.. bytes[..at], (byte)(bytes[at] ^ (1 << dice.Below(8))), .. bytes[(at + 1)..]];
            case 1: return [.. bytes[..at], (byte)new[] { 0, 1, 2, 0x7f, 0x80, 0xff }[dice.Below(6)], .. bytes[(at + 1)..]]; // a length, a count, a choice
            case 2: return bytes[..at];
            case 3: return [.. bytes, .. Noise(16)];
            case 4: return [.. bytes[..at], .. bytes[until..]];
            case 5: return [.. bytes[..until], .. bytes[at..until], .. bytes[until..]];
            case 6: return [.. bytes[..at], .. Noise(16), .. bytes[at..]];
            default: return [.. bytes[until..], .. bytes[..until]];
        }
    }

    private Rumour Rumour()
    {
        var claim = (Liveness)dice.Below(4);
        return new(claim, Name(), Number(), Name()) { Hard = Flip(), Facts = claim == Liveness.Alive ? Facts() : null };
    }

    private MemberFacts Plain() => new()
    {
        Name = Name(),
        Zone = Text(),
        Place = unchecked((int)dice.Next()),
        Engine = (Engine)dice.Below(2),
        EngineVersion = Text(),
        ServerId = unchecked((uint)dice.Next()),
        Origin = Text(),
        DaemonUrl = Text(),
        MysqlHost = Text(),
        MysqlPort = dice.Below(65536),
        WebUrl = Text(),
        Phase = (Phase)dice.Below(4),
        MysqlUp = Flip(),
        WebUp = Flip(),
        Source = Flip() ? Name() : null,
        SourceRunning = Flip(),
        KeepsLogsSeconds = Flip() ? unchecked((uint)dice.Next()) >> 1 : null,
    };

    private MemberFacts Facts()
    {
        var facts = Plain();
        return Flip() ? facts : facts with { Floor = Floor(facts.Engine) };
    }

    private string Floor(Engine engine)
    {
        var origins = Enumerable.Range(0, dice.Below(8) == 0 ? RetentionFloor.MostOrigins : dice.Below(3))
            .Select(_ => engine == Engine.MariaDB ? $"{unchecked((uint)dice.Next())}" : new Guid($"{dice.Next():x16}{dice.Next():x16}").ToString("D")).Distinct();
        return GtidSet.Of(engine, origins.Select(o => KeyValuePair.Create(o, (IEnumerable<GtidSet.Range>)[new(1, 1 + (long)(dice.Next() >> 2))]))).ToString();
    }

    private bool Flip() => dice.Below(2) == 0;

    private ulong Number() => Flip() ? Numbers[dice.Below(Numbers.Length)] : dice.Next() >> 2;

    private string Text() => Texts[dice.Below(dice.Below(8) == 0 ? Texts.Length : 4)];

    private string Name()
    {
        Span<char> name = stackalloc char[1 + dice.Below(dice.Below(8) == 0 ? WireLimits.Name : 4)];
        foreach (ref var letter in name) letter = NameLetters[dice.Below(NameLetters.Length)];
        return new(name);
    }

    private void Fill(Span<byte> bytes)
    {
        foreach (ref var b in bytes) b = (byte)dice.Below(256);
    }
}
