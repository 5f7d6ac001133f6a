using Connect.Node.Settings;

namespace Connect.RingDaemon.Local;

/// <summary>Whether a data folder can be handed to a server at all.</summary>
internal static class DataCheck
{
    /// <summary>What is missing in a folder that once was a server's; empty if it looks whole.</summary>
    public static IReadOnlyList<string> Missing(Engine engine, string folder)
    {
        if (!Directory.Exists(folder)) return [folder];
        string[] needed = engine == Engine.MySQL ? ["ibdata1", "mysql.ibd", "#innodb_redo", "mysql"] : ["ibdata1", "ib_logfile0", "mysql", "aria_log_control"];
        return [.. needed.Select(name => Path.Combine(folder, name)).Where(path => !Path.Exists(path))];
    }
}
