using System.Security.Cryptography;
using System.Text.Json;

namespace Connect.Node.Settings;

/// <summary>A database account.</summary>
public sealed record Account(string User, string Password)
{
    /// <summary>Never prints the password.</summary>
    public override string ToString() => User;
}

/// <summary>
/// The least-privilege accounts of a node's server. <see cref="Board"/> and <see cref="Daemon"/> are this node's own;
/// <see cref="Replication"/>, <see cref="Peer"/> and <see cref="Seed"/> are the same on every member, because neighbours use them.
/// What each may do is written in <c>RingDaemon/Replication/ServerSetup.cs</c>.
/// </summary>
/// <param name="Board">The board: reads, and inserts rows.</param>
/// <param name="Daemon">The daemon: moves this server's own replication.</param>
/// <param name="Replication">A replica that reads this server's binary log.</param>
/// <param name="Peer">Another member that asks for this server's position and waits for it.</param>
/// <param name="Seed">A newcomer that copies this server's data.</param>
public sealed record DatabaseAccounts(Account Board, Account Daemon, Account Replication, Account Peer, Account Seed)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>New passwords for everything (the founder of a ring).</summary>
    public static DatabaseAccounts Generate() => new(
        new("connect_board", NewPassword()), new("connect_daemon", NewPassword()),
        new("connect_replication", NewPassword()), new("connect_peer", NewPassword()), new("connect_seed", NewPassword()));

    /// <summary>A newcomer's accounts: its own two are new, the three shared ones are the ring's.</summary>
    public DatabaseAccounts ForNewcomer() => this with { Board = new(Board.User, NewPassword()), Daemon = new(Daemon.User, NewPassword()) };

    /// <exception cref="SettingsException">The file is missing, broken, or readable by others.</exception>
    public static DatabaseAccounts Load(string path)
    {
        var text = SecretFile.Read(path);
        try
        {
            return JsonSerializer.Deserialize<DatabaseAccounts>(text, Json) ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new SettingsException($"{path} does not hold database accounts: {e.Message}", e);
        }
    }

    public void Save(string path) => SecretFile.Write(path, JsonSerializer.Serialize(this, Json));

    /// <summary>
    /// 166 bits, with characters that every password policy and option file takes. MySQL takes at most 32 characters as a replication password.
    /// </summary>
    private static string NewPassword() =>
        "Aa1_" + RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 28);
}
