using System.Text.Json;
using System.Text.Json.Serialization;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Daemon;

/// <summary>
/// One small thing that a daemon must remember across its own death and its machine's: a JSON file in the state folder. A write is flushed and takes the old one's place in one step.
/// </summary>
public sealed class StateFile<T> where T : class
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private readonly string _path;

    /// <param name="folder">The state folder; made when something is written.</param>
    /// <param name="name">Of the file.</param>
    /// <exception cref="SettingsException">What is there cannot be read.</exception>
    public StateFile(string folder, string name)
    {
        _path = Path.Combine(folder, name);
        try
        {
            Current = File.Exists(_path) ? JsonSerializer.Deserialize<T>(File.ReadAllText(_path), Json) : null;
        }
        catch (JsonException e)
        {
            throw new SettingsException($"{_path} cannot be read ({e.Message}). What the daemon had to remember is in it: restore it, or delete it if you know that it does not matter.", e);
        }
    }

    /// <summary>Null if there is nothing to remember.</summary>
    public T? Current { get; private set; }

    /// <exception cref="IOException">It could not be written; the old content is still there.</exception>
    public void Write(T? content)
    {
        if (content is null) File.Delete(_path);
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            var next = _path + ".new";
            using (var file = new FileStream(next, FileMode.Create, FileAccess.Write))
            {
                JsonSerializer.Serialize(file, content, Json);
                file.Flush(flushToDisk: true);
            }
            File.Move(next, _path, overwrite: true);
        }
        Current = content;
    }
}
