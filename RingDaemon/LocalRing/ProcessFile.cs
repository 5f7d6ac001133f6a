namespace Connect.RingDaemon.Local;

/// <summary>A file that remembers which process does a job (<c>mysql.pid</c> and so on).</summary>
public sealed class ProcessFile(string path)
{
    public string Path => path;

    /// <summary>The process written in the file, if it is still that process and alive.</summary>
    public ProcessIdentity? Running => Read() is { IsAlive: true } process ? process : null;

    /// <summary>What the file says, dead or alive; null if there is none.</summary>
    public ProcessIdentity? Read()
    {
        try
        {
            return ProcessIdentity.Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file in one step.</summary>
    public void Write(ProcessIdentity process)
    {
        File.WriteAllText(path + ".new", process + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }
}
