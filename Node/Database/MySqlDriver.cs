using System.Data.Common;
using Connect.Node.Settings;
using MySqlConnector;

namespace Connect.Node.Database;

/// <summary>Where a server is, and as whom to speak to it.</summary>
public sealed record ServerAddress(string Host, int Port)
{
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>
/// The one place that names the driver (MySqlConnector: docs/adr/0001-driver.md). Only its synchronous calls are used, on threads of <see cref="Database"/>.
/// </summary>
internal static class MySqlDriver
{
    /// <summary>Opens an unpooled connection; the driver counts time-outs in whole seconds, one at the least.</summary>
    /// <exception cref="DbException">The server refused, or did not answer within <paramref name="timeoutSeconds"/>.</exception>
    public static DbConnection Open(ServerAddress server, Account account, string? schema, ServerTls tls, int timeoutSeconds)
    {
        var connection = new MySqlConnection(new MySqlConnectionStringBuilder
        {
            Server = server.Host,
            Port = (uint)server.Port,
            UserID = account.User,
            Password = account.Password,
            Database = schema ?? "",
            SslMode = !tls.On ? MySqlSslMode.Disabled : tls.CaFile is null ? MySqlSslMode.Required : MySqlSslMode.VerifyFull,
            SslCa = tls.CaFile ?? "",
            AllowPublicKeyRetrieval = !tls.On,     // caching_sha2_password without TLS asks for the server's public key
            Pooling = false,                    // Database keeps one connection a thread
            ConnectionTimeout = (uint)timeoutSeconds,
            DefaultCommandTimeout = (uint)timeoutSeconds,
            CancellationTimeout = -1,           // a call that is out of time closes its socket: a frozen server does not take a polite request to stop
            AllowUserVariables = true,
            IgnoreCommandTransaction = true,    // transactions are begun in SQL too
        }.ConnectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>True while the server answers; the cheapest round trip there is.</summary>
    public static bool Ping(DbConnection connection) => ((MySqlConnection)connection).Ping();

    /// <summary>The server's error number; 0 if the failure was not the server's answer.</summary>
    public static int NumberOf(Exception e) => e is MySqlException m ? m.Number : 0;
}
