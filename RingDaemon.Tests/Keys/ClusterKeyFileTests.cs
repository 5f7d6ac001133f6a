using System.Xml.Linq;
using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Tests.Keys;

public sealed class ClusterKeyFileTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("connect-keys-").FullName;

    private string File_ => Path.Combine(_folder, "cluster.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_remembers_keys_their_order_and_when_they_were_made()
    {
        ClusterKey[] keys = [ClusterKey.New(Noon), new(new byte[32]), ClusterKey.New(Noon.AddDays(1))];
        new ClusterKeys(keys).Save(File_);
        var read = ClusterKeys.Load(File_).Keys;
        Assert.Equal(keys.Select(k => (k.Id, k.Made, Convert.ToBase64String(k.Secret))), read.Select(k => (k.Id, k.Made, Convert.ToBase64String(k.Secret))));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File_));
    }

    [Fact]
    public void A_file_of_bare_keys_and_comments_is_read_as_ever()
    {
        SecretFile.Write(File_, $"# ours\n\n{Convert.ToBase64String(new byte[32])}\n  {Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray())}  # of the old days\n");
        Assert.Equal([null, null], ClusterKeys.Load(File_).Keys.Select(k => k.Made));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing")]
    [InlineData("dG9vIHNob3J0")]
    [InlineData("not base64")]
    public void A_changed_file_that_cannot_be_used_changes_nothing_and_is_named_once(string text)
    {
        ClusterKeys.Create(File_);
        var said = new List<string>();
        using var live = new ClusterKeyFile(File_, warn: said.Add);
        var before = live.Current;
        SecretFile.Write(File_, text + "\n");
        live.Refresh();
        live.Refresh();
        Assert.Same(before, live.Current);
        Assert.Single(said);
        Assert.NotNull(live.Fault);

        ClusterKeys.Create(File_);
        live.Refresh();
        Assert.Null(live.Fault);
        Assert.NotEqual(before.ApiToken, live.Current.ApiToken);
    }

    [Fact]
    public void Two_changes_of_the_order_within_a_moment_are_both_seen()
    {
        ClusterKey a = ClusterKey.New(Noon), b = ClusterKey.New(Noon);
        new ClusterKeys([a, b]).Save(File_);
        using var live = new ClusterKeyFile(File_);
        for (var i = 0; i < 50; i++)
        {
            new ClusterKeys(i % 2 == 0 ? [b, a] : [a, b]).Save(File_);
            live.Refresh();
            Assert.Equal(i % 2 == 0 ? b.Id : a.Id, live.Current.Keys[0].Id);
        }
    }

    /// <summary>In a local ring all daemons write one file.</summary>
    [Fact]
    public void Writers_take_turns_and_nobodys_change_is_lost()
    {
        new ClusterKeys([ClusterKey.New(Noon)]).Save(File_);
        var files = Enumerable.Range(0, 7).Select(_ => new ClusterKeyFile(File_)).ToList();
        Parallel.ForEach(files, file => file.Change(now => new(now.Keys.Append(ClusterKey.New(Noon)))));
        Assert.Equal(8, ClusterKeys.Load(File_).Keys.Count);
        files.ForEach(f => f.Dispose());
    }

    [Fact]
    public void More_than_eight_keys_are_refused() =>
        Assert.Throws<SettingsException>(() => new ClusterKeys(Enumerable.Range(0, 9).Select(_ => ClusterKey.New(Noon))));

    [Fact]
    public void What_is_sealed_in_a_row_is_sealed_anew_and_opens_with_the_new_key_only()
    {
        ClusterKey old = ClusterKey.New(Noon), fresh = ClusterKey.New(Noon.AddDays(1));
        var row = new XElement("key", new XAttribute("id", "7"), new XElement("secretBox", ClusterSeal.Seal(old, new("masterKey", "s3cret"))));
        Assert.True(ClusterSeal.Opens([old], row));
        var resealed = ClusterSeal.Reseal([fresh, old], fresh, row)!;
        Assert.True(ClusterSeal.Opens([fresh], resealed));
        Assert.False(ClusterSeal.Opens([old], resealed));
        Assert.Equal("s3cret", ClusterSeal.TryOpen([fresh], resealed.Descendants("sealed").Single())!.Value);
        Assert.Null(ClusterSeal.Reseal([fresh], fresh, row));
        Assert.DoesNotContain("s3cret", resealed.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0123456789ab", 1)]
    [InlineData("0123456789ab,ffffffffffff", 2)]
    [InlineData("", 0)]
    [InlineData("0123456789aG", 0)]
    [InlineData("0123456789ab,", 0)]
    [InlineData(null, 0)]
    public void A_boards_word_is_names_of_keys_and_nothing_else(string? header, int names) => Assert.Equal(names, BoardKeys.Read(header)?.Count ?? 0);
}
