using System.Globalization;
using Connect.Node.Database;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Membership.Wire;

/// <summary>A <see cref="RetentionFloor"/> as bytes: whether it is known, number of origins, and of each the domain (4 bytes) or UUID (16) and its number (8), by origin.</summary>
internal static class FloorCodec
{
    public static void Write(ref WireWriter to, Engine engine, string? floor)
    {
        var known = RetentionFloor.Read(engine, floor);
        if (known is null && floor is not null) to.Refuse();
        to.Bool(known is not null);
        if (known is null) return;
        string[] origins = [.. known.Origins];
        if (origins.Length > RetentionFloor.MostOrigins) to.Refuse();
        to.Byte(origins.Length);
        foreach (var origin in origins)
        {
            if (known[origin] is not [{ First: 1 } upTo]) to.Refuse();
            else if (engine == Engine.MariaDB && uint.TryParse(origin, NumberStyles.None, CultureInfo.InvariantCulture, out var domain)) to.UInt32(domain);
            else if (engine == Engine.MySQL && Guid.TryParseExact(origin, "D", out var uuid)) to.Uuid(uuid);
            else to.Refuse();
            to.UInt64((ulong)known[origin][0].Last);
        }
    }

    public static string? Read(ref WireReader from, Engine engine)
    {
        if (!from.Bool()) return null;
        var floor = new List<KeyValuePair<string, IEnumerable<GtidSet.Range>>>();
        for (var left = from.Choice(RetentionFloor.MostOrigins + 1); left > 0 && !from.Failed; left--)
        {
            var origin = engine == Engine.MariaDB ? from.UInt32().ToString(CultureInfo.InvariantCulture) : from.Uuid().ToString("D");
            var last = from.UInt64();
            // In their order, so that equal floors have equal bytes.
            if (last is 0 or > long.MaxValue || (floor.Count > 0 && string.CompareOrdinal(floor[^1].Key, origin) >= 0)) from.Refuse();
            else floor.Add(new(origin, [new(1, (long)last)]));
        }
        return from.Failed ? null : GtidSet.Of(engine, floor).ToString();
    }
}
