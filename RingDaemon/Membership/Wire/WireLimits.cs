namespace Connect.RingDaemon.Membership.Wire;

/// <summary>Bounds of everything on the wire.</summary>
public static class WireLimits
{
    /// <summary>Bytes of a sealed packet: below the usual MTU with room for tunnels, so that it is never cut into fragments.</summary>
    public const int Packet = 1400;

    /// <summary>Bytes of a sealed full exchange: 128 members at 2 KB.</summary>
    public const int Exchange = 256 * 1024;

    /// <summary>Bytes of one text.</summary>
    public const int Text = 255;

    /// <summary>Characters of a name.</summary>
    public const int Name = 32;

    /// <summary>Members whose servers a member says it cannot reach.</summary>
    public const int Unreached = 4;

    /// <summary>Rumours in a packet.</summary>
    public const int Rumours = 64;

    /// <summary>Members in a full exchange.</summary>
    public const int Members = 256;

    /// <summary>Bytes of one rumour, so that every rumour fits into a packet.</summary>
    public const int Rumour = 1200;

    public const ulong Incarnation = 1UL << 62;

    public static bool IsName(string name)
    {
        if (name.Length is 0 or > Name) return false;
        foreach (var c in name)
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-') return false;
        return true;
    }
}
