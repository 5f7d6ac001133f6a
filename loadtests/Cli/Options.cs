using System.CommandLine;

namespace Connect.LoadTests.Cli;

/// <summary>Options that several verbs share.</summary>
internal static class Options
{
    public static Option<string> Data() => new("--data") { Description = "Folder of the ring.", DefaultValueFactory = _ => ".ring" };

    public static Option<int> Port() => new("--port") { Description = "First port of a ring that is started.", DefaultValueFactory = _ => 8080 };

    public static Option<string> Engine()
    {
        var option = new Option<string>("--engine") { Description = "Of a ring that is started.", DefaultValueFactory = _ => "mariadb" };
        return option.AcceptOnly("mariadb", "mysql");
    }

    public static Option<int> RingSize() => new("--nodes") { Description = "Of a ring that is started.", DefaultValueFactory = _ => 3 };

    public static Option<string> ResultFolder() => new("--results")
    {
        Description = "Where NAME.json and NAME.md are written.",
        DefaultValueFactory = _ => Path.Combine(Results.Provenance.Repository, "docs/results"),
    };

    public static Option<T> AcceptOnly<T>(this Option<T> option, params string[] values)
    {
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
