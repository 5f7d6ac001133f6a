using System.Data.Common;
using Dapper;

namespace Connect.RingDaemon.Convergence;

/// <summary>As long as it lives, what this connection writes is kept out of the binary log. Not to be begun or ended within a transaction.</summary>
internal sealed class UnloggedWrites : IDisposable
{
    private readonly DbConnection _connection;

    public UnloggedWrites(DbConnection connection)
    {
        _connection = connection;
        connection.Execute("SET SESSION sql_log_bin = 0");
    }

    public void Dispose() => _connection.Execute("SET SESSION sql_log_bin = 1");
}
