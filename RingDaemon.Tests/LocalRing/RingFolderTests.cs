using Connect.Node.Security;
using Connect.Node.Settings;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Local;

public sealed class RingFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Only_the_owner_may_look_inside()
    {
        var folder = new RingFolder(_temporary.At("ring"));
        folder.Create();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.Path));
    }

    [Fact]
    public void The_runtime_socket_fits_into_a_socket_address_however_deep_the_folder_is()
    {
        var deep = new RingFolder(_temporary.At(string.Join('/', Enumerable.Repeat("a-rather-long-name", 8))));
        Assert.True(deep.HaproxySocket.Length < 100, deep.HaproxySocket);
        Assert.NotEqual(deep.HaproxySocket, new RingFolder(deep.Path + "x").HaproxySocket);
    }

    [Fact]
    public void Wiping_takes_the_ring_and_leaves_what_is_not_its_own()
    {
        var folder = new RingFolder(_temporary.At("ring"));
        folder.Create();
        RingDescription.New(Engine.MariaDB, 8080, 1, "ring-a").Save(folder);
        Directory.CreateDirectory(folder.Node("n1").Data);
        ClusterKeys.Create(folder.KeyFile);
        using (var keys = new ClusterKeyFile(folder.KeyFile)) keys.Change(now => now); // leaves its lock
        File.WriteAllText(System.IO.Path.Combine(folder.Path, "notes.txt"), "mine");
        folder.Wipe();
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(folder.Path).Select(System.IO.Path.GetFileName));
    }

    [Fact]
    public void A_folder_that_holds_no_ring_is_not_wiped()
    {
        File.WriteAllText(_temporary.At("precious"), "");
        Assert.Throws<LocalRingException>(() => new RingFolder(_temporary.Path).Wipe());
        Assert.True(File.Exists(_temporary.At("precious")));
    }

    [Fact]
    public async Task A_second_verb_waits_until_the_first_lets_go()
    {
        var cancel = TestContext.Current.CancellationToken;
        var folder = new RingFolder(_temporary.Path);
        var first = await FolderLock.TakeAsync(folder, cancel);
        var second = FolderLock.TakeAsync(folder, cancel);
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second.WaitAsync(TimeSpan.FromSeconds(5), cancel)).Dispose();
    }
}
