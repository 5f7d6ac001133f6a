namespace Connect.Node.Settings;

/// <summary>Files that only their owner may read (mode 600).</summary>
public static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = ~(OwnerOnly | UnixFileMode.UserExecute);

    /// <summary>Replaces the file in one step; a crash leaves the old one or the new one. The content never exists with a wider mode.</summary>
    public static void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(content));
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <exception cref="SettingsException">The file is missing, or others may read it.</exception>
    public static string Read(string path)
    {
        if (!File.Exists(path)) throw new SettingsException($"The secret file {path} is missing.");
        if ((File.GetUnixFileMode(path) & Others) != 0) throw new SettingsException($"{path} can be read by others: chmod 600 {path}");
        return File.ReadAllText(path);
    }
}
