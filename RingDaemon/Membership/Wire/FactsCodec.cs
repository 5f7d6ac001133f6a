using Connect.Node.Settings;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>A member's facts as bytes, field by field in the order of <see cref="MemberFacts"/>.</summary>
internal static class FactsCodec
{
    private const uint Unknown = uint.MaxValue;

    public static void Write(ref WireWriter to, MemberFacts facts)
    {
        to.Text(facts.Name);
        to.Text(facts.Zone);
        to.UInt32(unchecked((uint)facts.Place));
        to.Byte((int)facts.Engine);
        to.Text(facts.EngineVersion);
        to.UInt32(facts.ServerId);
        to.Text(facts.Origin);
        to.Text(facts.DaemonUrl);
        to.Text(facts.MysqlHost);
        to.UInt16(facts.MysqlPort);
        to.Text(facts.WebUrl);
        to.Byte((int)facts.Phase);
        to.Bool(facts.MysqlUp);
        to.Bool(facts.WebUp);
        to.Text(facts.Source ?? "");
        to.Bool(facts.SourceRunning);
        to.UInt16(facts.Unreached.Names.Length);
        foreach (var name in facts.Unreached.Names) to.Text(name);
        to.UInt32(facts.KeepsLogsSeconds ?? Unknown);
        FloorCodec.Write(ref to, facts.Engine, facts.Floor);
    }

    public static MemberFacts Read(ref WireReader from)
    {
        var facts = ReadFixed(ref from);
        return facts with { Floor = FloorCodec.Read(ref from, facts.Engine) };
    }

    private static MemberFacts ReadFixed(ref WireReader from) => new()
    {
        Name = from.Name(),
        Zone = from.Text(),
        Place = unchecked((int)from.UInt32()),
        Engine = (Engine)from.Choice(2),
        EngineVersion = from.Text(),
        ServerId = from.UInt32(),
        Origin = from.Text(),
        DaemonUrl = from.Text(),
        MysqlHost = from.Text(),
        MysqlPort = from.UInt16(),
        WebUrl = from.Text(),
        Phase = (Phase)from.Choice(5),
        MysqlUp = from.Bool(),
        WebUp = from.Bool(),
        Source = from.OptionalName() is { Length: > 0 } source ? source : null,
        SourceRunning = from.Bool(),
        Unreached = from.Names(WireLimits.Unreached),
        KeepsLogsSeconds = from.UInt32() is var seconds && seconds == Unknown ? null : seconds,
    };
}
