using System.Data.Common;
using System.Globalization;
using Connect.Node.Database;
using Dapper;

namespace Connect.RingDaemon.Replication;

/// <summary>The one row of <c>SHOW REPLICA STATUS</c> or <c>SHOW SLAVE STATUS</c>; every node has one unnamed channel.</summary>
internal sealed class ReplicaRow
{
    private readonly IDictionary<string, object> _columns;

    private ReplicaRow(IDictionary<string, object> columns) => _columns = columns;

    /// <summary>A column as text; empty if it is null.</summary>
    public string this[string column] => Convert.ToString(_columns[column], CultureInfo.InvariantCulture) ?? "";

    /// <summary>Null when the server is pointed nowhere.</summary>
    public static ReplicaRow? Read(DbConnection connection, string statement) =>
        connection.Query(statement).FirstOrDefault() is IDictionary<string, object> columns ? new(columns) : null;

    public ReplicaStatus ToStatus(string host, string port, string receiver, string applier, string lag)
    {
        var source = this[host].Length == 0 ? null : new ServerAddress(this[host], int.Parse(this[port], CultureInfo.InvariantCulture));
        var prefix = this["Last_IO_Error"].Length > 0 ? "Last_IO_" : "Last_SQL_";
        var error = this[prefix + "Error"];
        return new(source,
            Receiving: this[receiver] == "Yes",
            Connecting: this[receiver] is "Connecting" or "Preparing",
            Applying: this[applier] == "Yes",
            LagSeconds: double.TryParse(this[lag], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) ? seconds : null,
            LastError: error.Length == 0 ? null : error,
            LastErrorNumber: error.Length == 0 ? 0 : int.Parse(this[prefix + "Errno"], CultureInfo.InvariantCulture));
    }
}
