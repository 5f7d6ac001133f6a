using Connect.Node.Database;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Convergence;

/// <summary>What <c>checksum --json</c> prints; names and shape are CONTRACT's.</summary>
/// <param name="AgreedAt">When they were found equal, or null.</param>
/// <param name="Unheard">Members that are alive and did not answer: nothing is said about them.</param>
public sealed record ChecksumReport(bool Equal, IReadOnlyList<ChecksumReport.TablePart> Tables, DateTimeOffset? AgreedAt, IReadOnlyList<string> Unheard, string Note)
{
    public sealed record TablePart(string Table, bool Equal, IReadOnlyDictionary<string, string> Digests, IReadOnlyDictionary<string, long> Rows);
}

/// <summary>
/// Are the replicas equal? Each member reads its own tables; the answers are only compared when they were read at the same position, and a difference is looked at
/// again before it is reported, for a row that is still on its way is not a difference.
/// </summary>
public sealed class Checksum(NodeSettings settings, IMembership membership, TableDigests own, MemberClient members, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PerMember = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    public async Task<ChecksumReport> CompareAsync(CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var report = await LookAsync(cancel);
            if (report.Equal || time.GetElapsedTime(started) > Patience) return report;
            // Read at one position and yet different: that does not pass by itself. Still, it is looked at twice.
            if (report.Note.Length == 0 && time.GetElapsedTime(started) > Patience / 4) return report;
            await Task.Delay(LookAgain, time, cancel);
        }
    }

    private async Task<ChecksumReport> LookAsync(CancellationToken cancel)
    {
        var alive = membership.Current.Members.Where(m => m.HasServer).ToArray();
        var asked = await Task.WhenAll(alive.Select(async m => m.Name == settings.Name
            ? await own.ReadAsync(cancel) : await members.PostAsync<NodeDigests>(m.Facts.DaemonUrl, "/v1/digest", new { }, PerMember, cancel)));
        var answers = asked.OfType<NodeDigests>().OrderBy(a => a.Node, StringComparer.Ordinal).ToArray();
        var unheard = alive.Select(m => m.Name).Except(answers.Select(a => a.Node)).ToArray();
        var tables = answers.SelectMany(a => a.Tables.Select(t => (a.Node, t))).GroupBy(x => x.t.Table).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new ChecksumReport.TablePart(g.Key, g.Select(x => x.t.Digest).Distinct().Count() == 1 && g.Count() == answers.Length,
                g.ToDictionary(x => x.Node, x => x.t.Digest), g.ToDictionary(x => x.Node, x => x.t.Rows))).ToArray();
        var equal = tables.Length > 0 && tables.All(t => t.Equal) && unheard.Length == 0;
        var onePosition = answers.Length > 0 && answers.All(a => a.Position is not null && Same(a.Position, answers[0].Position));
        var note = unheard.Length > 0 ? $"{string.Join(", ", unheard)} did not answer" : equal || onePosition ? "" : "they were not all at one position: writes are going on, or somebody is behind";
        return new(equal, tables, equal ? time.GetUtcNow() : null, unheard, note);
    }

    private bool Same(string? a, string? b) => GtidSet.Parse(settings.Database.Engine, a).Equals(GtidSet.Parse(settings.Database.Engine, b));
}
