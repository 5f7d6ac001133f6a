using System.Diagnostics;
using Connect.Node.Settings;

namespace Connect.Node.Security;

/// <summary>
/// A key file that is read again when it changes, so that keys are changed without a restart. A file that cannot be used changes nothing: the keys that were read last
/// stay in use, and <see cref="Fault"/> says why. Safe for use from several threads, and several programs may change one file: writers take turns by a lock beside it.
/// </summary>
public sealed class ClusterKeyFile : IClusterKeys, IDisposable
{
    /// <summary>How often it is looked at. 1 s: a rotation waits for every program before its next step.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>How long a writer waits for another one. Each is a read and a write of a few hundred bytes.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Lock _gate = new();
    private readonly ITimer? _timer;
    private readonly Action<string>? _warn;
    private string _text;
    private volatile ClusterKeys _current;
    private volatile string? _fault;

    /// <param name="path">The file.</param>
    /// <param name="time">Looks at the file every <see cref="LookEvery"/>; null looks only when told to.</param>
    /// <param name="warn">Hears once why a changed file is not used.</param>
    /// <exception cref="SettingsException">It cannot be used; see <see cref="ClusterKeys.Load"/>.</exception>
    public ClusterKeyFile(string path, TimeProvider? time = null, Action<string>? warn = null)
    {
        (_path, _warn, _text) = (path, warn, SecretFile.Read(path));
        _current = ClusterKeys.Parse(_text, path);
        _timer = time?.CreateTimer(_ => Refresh(), null, LookEvery, LookEvery);
    }

    /// <summary>The keys of the file when it could be used last.</summary>
    public ClusterKeys Current => _current;

    /// <summary>Why the file, as it is now, is not used; null if it is.</summary>
    public string? Fault => _fault;

    /// <summary>Why the file cannot be changed by this program; null if it can, as far as can be seen without doing it.</summary>
    public string? WhyNotWritable()
    {
        try
        {
            using var turn = TakeTurn();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the key file {_path} cannot be changed: {e.Message}";
        }
    }

    /// <summary>Reads the file, which is a few hundred bytes long; its time and length would not tell two quick changes of the order apart.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            try
            {
                var text = SecretFile.Read(_path);
                if (text != _text) _current = ClusterKeys.Parse(text, _path);
                (_text, _fault) = (text, null);
            }
            catch (Exception e) when (e is SettingsException or IOException or UnauthorizedAccessException)
            {
                if (_fault != e.Message) _warn?.Invoke($"The key file has changed and cannot be used; the keys read before stay in use: {e.Message}");
                _fault = e.Message;
            }
        }
    }

    /// <summary>Changes the file: nobody else can do so between the reading and the writing. A crash leaves the old file or the new one.</summary>
    /// <param name="change">From the keys of the file to those it is to hold; null changes nothing.</param>
    /// <exception cref="SettingsException">The file cannot be used.</exception>
    /// <exception cref="IOException">It cannot be written, or another writer does not end.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Change(Func<ClusterKeys, ClusterKeys?> change)
    {
        using var turn = TakeTurn();
        change(ClusterKeys.Load(_path))?.Save(_path);
        Refresh();
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>The file beside a key file by which writers take turns. It is never deleted while the key file is used: its content is nothing, its lock is all.</summary>
    public static string LockOf(string path) => path + ".lock";

    private FileStream TakeTurn()
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new(LockOf(_path), new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.None,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
            }
            catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException) && Stopwatch.GetElapsedTime(since) < Turn)
            {
                Thread.Sleep(10); // the other writer's turn
            }
        }
    }
}
