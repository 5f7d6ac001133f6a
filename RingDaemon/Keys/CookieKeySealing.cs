using System.Xml.Linq;
using Connect.Node.Database;
using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Replication;
using Connect.RingDaemon.Replication.Acknowledgement;
using Dapper;

namespace Connect.RingDaemon.Keys;

/// <summary>
/// The keys for cookies and forms are rows sealed with a cluster key. Before that one goes, each gets a second row, sealed with the new one: rows are never changed. So people
/// stay signed in, and a board that starts later, on whichever node, opens them.
/// </summary>
public sealed class CookieKeySealing(Database tables, IReplicationServer own, Acknowledgements acknowledgements, NodeSettings settings, TimeProvider time)
{
    private const int MostRows = 1000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    /// <summary>How long the others may take to hold the new rows: their appliers may be behind.</summary>
    private static readonly TimeSpan OthersHold = TimeSpan.FromSeconds(30);

    /// <summary>Doing it again changes nothing.</summary>
    /// <returns>Null when every member whose server is up holds the rows; otherwise why not.</returns>
    /// <exception cref="DatabaseUnavailableException">The own server does not answer.</exception>
    public async Task<string?> RunAsync(ClusterKey target, IReadOnlyList<ClusterKey> keys, CancellationToken cancel)
    {
        var serverId = (await own.IdentityAsync(cancel)).ServerId;
        await tables.RunAsync(connection =>
        {
            var rows = connection.Query<(string Name, string Xml)>($"SELECT name, xml FROM data_protection_key ORDER BY id LIMIT {MostRows}")
                .Select(row => (row.Name, Xml: XElement.Parse(row.Xml))).GroupBy(row => (string?)row.Xml.Attribute("id"));
            var ids = new Uuid7(time);
            foreach (var versions in rows.Where(versions => !versions.Any(v => ClusterSeal.Opens([target], v.Xml))))
            {
                // One that no key opens is of no use to any board either.
                var (name, xml) = versions.Select(v => (v.Name, Xml: ClusterSeal.Reseal(keys, target, v.Xml))).FirstOrDefault(v => v.Xml is not null);
                if (xml is null) continue;
                connection.Execute("INSERT INTO data_protection_key (id, node, name, xml) VALUES (@id, @node, @name, @xml)",
                    new { id = Uuid7.ToBytes(ids.Next()), node = serverId, name, xml = xml.ToString(SaveOptions.DisableFormatting) });
            }
        }, Deadline, cancel);
        // Also where nothing was inserted: whoever did it before may have died before the others had it.
        var held = await acknowledgements.WaitAsync(await own.PositionAsync(cancel), Acknowledgement.All, OthersHold, cancel);
        return held.Satisfied ? null : $"{held.Wanted - held.Copies} of {held.Wanted} members do not hold the newly sealed keys for cookies of {settings.Name} within {OthersHold.TotalSeconds:0} s";
    }
}
