using Connect.Node.Settings;

namespace Connect.RingDaemon.Replication;

internal static class Dialect
{
    public static IDialect Of(Engine engine) => engine == Engine.MariaDB ? new MariaDbDialect() : new MySqlDialect();
}
