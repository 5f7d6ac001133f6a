using System.Collections.Immutable;
using Connect.Node.Settings;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Tests.Ring;

/// <summary>Views in one line: <c>Members.View("n1 n2? n3!")</c>, where ? is suspect, ! unreachable, - MySQL down, ~ joining, = maintenance.</summary>
internal static class Members
{
    public static View View(string text, ulong incarnation = 1) =>
        new(1, [.. text.Split(' ').Select((word, i) => Member(word, i, incarnation)).OrderBy(m => m.Name, StringComparer.Ordinal)]);

    public static View With(this View view, string word, ulong incarnation)
    {
        var name = word.TrimEnd('?', '!', '-', '~', '=');
        var old = view.Find(name)!;
        return new(view.Version + 1, view.Members.Replace(old, Member(word, old.Facts.Place, incarnation)));
    }

    /// <summary>The first says that it cannot reach the servers of the others.</summary>
    public static View Unreached(this View view, string by, params string[] members)
    {
        var old = view.Find(by)!;
        return new(view.Version + 1, view.Members.Replace(old, old with { Facts = old.Facts with { Unreached = new(members) } }));
    }

    private static Member Member(string word, int place, ulong incarnation)
    {
        var mark = word[^1];
        var name = word.TrimEnd('?', '!', '-', '~', '=');
        return new(new MemberFacts
        {
            Name = name,
            Zone = "z",
            Place = place,
            Engine = Engine.MariaDB,
            EngineVersion = "MariaDB 10.11.19",
            ServerId = (uint)place + 1,
            Origin = $"{place + 1}",
            DaemonUrl = $"http://127.0.0.1:{7081 + place}",
            MysqlHost = "127.0.0.1",
            MysqlPort = 13306 + place,
            WebUrl = $"http://127.0.0.1:{8081 + place}",
            Phase = mark switch { '~' => Phase.Joining, '=' => Phase.Maintenance, _ => Phase.Serving },
            MysqlUp = mark != '-',
            WebUp = true,
        }, incarnation, mark switch { '?' => Liveness.Suspect, '!' => Liveness.Unreachable, _ => Liveness.Alive });
    }
}
