using Connect.BoardWeb;
using Connect.BoardWeb.Founding;
using Connect.Node.Database;
using Connect.Node.Settings;

// BoardWeb --settings node.json                         the board of one node
// BoardWeb found --settings node.json --token-file FILE founds a ring; a second time changes nothing
try
{
    switch (args)
    {
        case ["--settings", var file]:
            await Board.Build(NodeSettings.Load(file)).RunAsync();
            return 0;
        case ["found", "--settings", var file, "--token-file", var token]:
            Console.WriteLine(await Founder.FoundAsync(NodeSettings.Load(file), Path.GetFullPath(token)));
            return 0;
        default:
            Console.Error.WriteLine("Usage: BoardWeb --settings node.json\n       BoardWeb found --settings node.json --token-file FILE");
            return 2;
    }
}
catch (Exception e) when (e is SettingsException or DatabaseUnavailableException or System.Data.Common.DbException or IOException)
{
    Console.Error.WriteLine(e.Message);
    return e is SettingsException or IOException ? 1 : 3; // 3: the server did not do it, and may when it is asked again
}
