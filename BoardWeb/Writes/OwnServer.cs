using System.Data.Common;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;

namespace Connect.BoardWeb.Writes;

/// <summary>Who the own server says it is, and how its positions are asked for.</summary>
/// <param name="Engine">Which dialect it speaks.</param>
/// <param name="ServerId">Its incarnation: the origin written into every row.</param>
/// <param name="Origin">Under which name its transactions appear in positions: a server UUID, or a domain.</param>
public sealed record OwnServer(Engine Engine, long ServerId, string Origin)
{
    /// <summary>The statement that, right after a commit on the same connection, returns a position that contains it.</summary>
    public static string PositionAfterCommit(Engine engine) => engine == Engine.MariaDB ? "SELECT @@last_gtid" : "SELECT @@global.gtid_executed";

    public static OwnServer Ask(DbConnection connection, Engine engine)
    {
        var (id, origin) = connection.QuerySingle<(long, string)>(engine == Engine.MariaDB
            ? "SELECT @@server_id, CAST(@@gtid_domain_id AS CHAR)"
            : "SELECT @@server_id, @@server_uuid");
        return new(engine, id, origin);
    }

    /// <summary>Everything the server has executed <em>and made visible</em>, whoever wrote it.</summary>
    /// <remarks>
    /// MariaDB notes a transaction in its binary log's position a moment before its rows can be read; the replica's position follows after.
    /// So the former is only used for what this server wrote itself, where it says the same as the answer to the commit.
    /// </remarks>
    public static GtidSet Executed(DbConnection connection, Engine engine)
    {
        if (engine == Engine.MySQL) return GtidSet.Parse(engine, connection.ExecuteScalar<string>("SELECT @@global.gtid_executed"));
        var (applied, logged, domain) =
            connection.QuerySingle<(string, string, string)>("SELECT @@gtid_slave_pos, @@gtid_binlog_pos, CAST(@@gtid_domain_id AS CHAR)");
        return GtidSet.Parse(engine, applied).Union(GtidSet.Parse(engine, logged).Only(domain));
    }

    /// <summary>The part of an answer to <see cref="PositionAfterCommit"/> that has to be waited for elsewhere.</summary>
    public string OwnPart(string position) => Engine == Engine.MariaDB ? position : GtidSet.Parse(Engine, position).Only(Origin).ToString();
}
