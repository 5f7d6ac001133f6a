using System.Security.Cryptography;
using System.Text;

namespace Connect.RingDaemon.Archive;

/// <summary>A mail in its thread.</summary>
/// <param name="Post">The id of its post.</param>
/// <param name="Topic">The id of its topic: that of the thread's first mail.</param>
/// <param name="InReplyTo">The post it answers, if that mail is there.</param>
/// <param name="Root">Whether it is the thread's first mail.</param>
internal sealed record ThreadedMail(Guid Post, Guid Topic, Guid? InReplyTo, bool Root);

/// <summary>
/// Which mail belongs to which thread: by References, the nearest one that is there, else In-Reply-To, else, for what begins with "Re:", by subject, the latest before it.
/// Some 150 bytes of memory for each mail.
/// </summary>
internal sealed class MailThreads
{
    /// <summary>An answer without references comes within this time of what it answers; the same subject later is another matter.</summary>
    private static readonly TimeSpan SameMatter = TimeSpan.FromDays(90);

    private readonly List<Mail> _mails = [];
    private readonly Dictionary<UInt128, int> _byKey = [];

    public int Count => _mails.Count;

    /// <summary>Takes a mail in; those of one file in their order.</summary>
    /// <returns>False if a mail with this name is there already: then it is the same one once more.</returns>
    public bool Add(MailHeaders headers)
    {
        var key = Hash(headers.Key);
        if (!_byKey.TryAdd(key, _mails.Count)) return false;
        _mails.Add(new(key, [.. headers.References.Select(Hash)], Hash(headers.BaseSubject), headers.IsReply, headers.Time, DerivedId.Of(headers.Time, "mail", headers.Key)));
        return true;
    }

    /// <summary>The mails in the order in which they were added.</summary>
    public IReadOnlyList<ThreadedMail> Thread()
    {
        var parents = new int[_mails.Count];
        for (var i = 0; i < parents.Length; i++) parents[i] = ByReference(i);
        BySubject(parents);
        var roots = Roots(parents);
        return [.. _mails.Select((m, i) =>
        {
            var root = _mails[roots[i]];
            return new ThreadedMail(m.Post, DerivedId.Of(root.Time, "thread", root.Post.ToString("N")), parents[i] >= 0 ? _mails[parents[i]].Post : null, roots[i] == i);
        })];
    }

    private int ByReference(int mail)
    {
        var references = _mails[mail].References;
        for (var i = references.Length - 1; i >= 0; i--)
            if (_byKey.TryGetValue(references[i], out var found) && found != mail) return found;
        return -1;
    }

    private void BySubject(int[] parents)
    {
        var latest = new Dictionary<UInt128, int>();
        foreach (var i in Enumerable.Range(0, _mails.Count).OrderBy(i => _mails[i].Time).ThenBy(i => _mails[i].IsReply).ThenBy(i => _mails[i].Post))
        {
            var mail = _mails[i];
            if (parents[i] < 0 && mail.IsReply && latest.TryGetValue(mail.Subject, out var before) && mail.Time - _mails[before].Time <= SameMatter) parents[i] = before;
            latest[mail.Subject] = i;
        }
    }

    /// <summary>Follows each mail to the beginning of its thread. Mails that answer each other in a circle were made so: the one that closes it is taken for the beginning.</summary>
    private static int[] Roots(int[] parents)
    {
        var roots = new int[parents.Length];
        Array.Fill(roots, -1);
        var path = new List<int>();
        var onPath = new bool[parents.Length];
        for (var i = 0; i < parents.Length; i++)
        {
            path.Clear();
            var at = i;
            while (roots[at] < 0)
            {
                path.Add(at);
                onPath[at] = true;
                if (parents[at] >= 0 && onPath[parents[at]]) parents[at] = -1;
                if (parents[at] < 0) roots[at] = at;
                else at = parents[at];
            }
            foreach (var passed in path) (roots[passed], onPath[passed]) = (roots[at], false);
        }
        return roots;
    }

    private static UInt128 Hash(string text) => System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private sealed record Mail(UInt128 Key, UInt128[] References, UInt128 Subject, bool IsReply, DateTimeOffset Time, Guid Post);
}
