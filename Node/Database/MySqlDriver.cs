using System.Data.Common;
using Connect.Node.Settings;
using MySql.Data.MySqlClient;

namespace Connect.Node.Database;

/// <summary>Where a server is, and as whom to speak to it.</summary>
public sealed record ServerAddress(string Host, int Port)
{
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>
/// The one place that names the driver (MySql.Data: docs/adr/0001-driver.md). Only its synchronous calls are used: they keep their
/// time-outs when a server stops answering, its asynchronous ones hang for ever.
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
            CharacterSet = "utf8mb4",           // without it emoji arrive as ?? on MariaDB
            // Not SslCa: the driver reads PEM with a package that does not restore (docs/adr/0001-driver.md). ServerTls.Trust makes the runtime believe the authority.
            SslMode = !tls.On ? MySqlSslMode.Disabled : tls.CaFile is null ? MySqlSslMode.Required : MySqlSslMode.VerifyFull,
            AllowPublicKeyRetrieval = !tls.On,     // caching_sha2_password without TLS asks for the server's public key
            Pooling = false,                    // Database keeps one connection a thread
            ConnectionTimeout = (uint)timeoutSeconds,
            DefaultCommandTimeout = (uint)timeoutSeconds,
            AllowUserVariables = true,
            ConnectionProtocol = MySqlConnectionProtocol.Sockets,
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
