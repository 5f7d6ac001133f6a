using Connect.Node.Settings;

namespace Connect.RingDaemon.Tests.Foundation;

public sealed class NodeSettingsTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("connect-settings-").FullName, "node.json");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    /// <summary>In clear only where nobody else can listen, unless somebody says so in so many words.</summary>
    [Theory]
    [InlineData("""{ "url": "http://127.0.0.1:7081" }""", null)]
    [InlineData("""{ "url": "http://localhost:7081" }""", null)]
    [InlineData("""{ "url": "http://[::1]:7081" }""", null)]
    [InlineData("""{ "url": "http://10.0.0.11:7081" }""", "plain http")]
    [InlineData("""{ "url": "http://n1.example:7081" }""", "plain http")]
    [InlineData("""{ "url": "http://0.0.0.0:7081" }""", "plain http")]
    [InlineData("""{ "url": "http://127.0.0.1:7081", "listen": "0.0.0.0:7081" }""", "plain http")]
    [InlineData("""{ "url": "http://127.0.0.1:7081", "listen": "[::]:7081" }""", "plain http")]
    [InlineData("""{ "url": "http://10.0.0.11:7081", "listen": "127.0.0.1:7081" }""", "plain http")]
    [InlineData("""{ "url": "http://10.0.0.11:7081", "allowPlainHttp": true }""", null)]
    [InlineData("""{ "url": "https://10.0.0.11:7081" }""", "tls:certificate")]
    [InlineData("""{ "url": "ftp://10.0.0.11:7081" }""", "http or https")]
    [InlineData("""{ "url": "http://127.0.0.1:7081", "listen": "everywhere" }""", "daemon:listen")]
    [InlineData("""{ "url": "http://127.0.0.1:7081", "listen": "127.0.0.1" }""", "daemon:listen")]
    public void Plain_http_is_for_the_loopback(string daemon, string? fault)
    {
        File.WriteAllText(_file, $$"""{ "name": "n1", "daemon": {{daemon}} }""");
        if (fault is null) Assert.NotNull(NodeSettings.Load(_file));
        else Assert.Contains(fault, Assert.Throws<SettingsException>(() => NodeSettings.Load(_file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"name\": \"n1\" }", MinorityPolicy.Writable)]
    [InlineData("{ \"name\": \"n1\", \"minority\": \"readonly\" }", MinorityPolicy.ReadOnly)]
    [InlineData("{ \"name\": \"n1\", \"minority\": \"writable\" }", MinorityPolicy.Writable)]
    public void A_partition_leaves_both_sides_writable_unless_an_operator_says_otherwise(string file, MinorityPolicy policy)
    {
        File.WriteAllText(_file, file);
        Assert.Equal(policy, NodeSettings.Load(_file).Minority);
    }

    [Theory]
    [InlineData("\"sometimes\"")]
    [InlineData("7")]
    public void An_unknown_policy_is_refused(string policy)
    {
        File.WriteAllText(_file, $$"""{ "name": "n1", "minority": {{policy}} }""");
        Assert.Contains("inority", Assert.Throws<SettingsException>(() => NodeSettings.Load(_file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_certificates_https_is_taken_and_servers_are_verified_by_the_same_authority()
    {
        File.WriteAllText(_file, """{ "name": "n1", "daemon": { "url": "https://10.0.0.11:7081" }, "database": { "tls": true }, "tls": { "ca": "ca.crt", "certificate": "n1.crt", "key": "n1.key" } }""");
        var settings = NodeSettings.Load(_file);
        Assert.Equal(Path.Combine(Path.GetDirectoryName(_file)!, "ca.crt"), settings.Database.ServerTls().CaFile);
        Assert.Equal("10.0.0.11:7081", settings.Daemon.ListenAt().ToString());
    }

    [Theory]
    [InlineData("http://127.0.0.1:7081", "", "127.0.0.1:7081")]
    [InlineData("http://localhost:7081", "", "127.0.0.1:7081")]
    [InlineData("https://[::1]:7081", "", "[::1]:7081")]
    [InlineData("https://n1.example:7081", "0.0.0.0:9000", "0.0.0.0:9000")]
    [InlineData("https://n1.example:7081", "", null)] // a name would mean every interface
    public void It_listens_where_it_is_told_to_and_nowhere_else(string url, string listen, string? at)
    {
        var daemon = new DaemonSettings { Url = url, Listen = listen };
        if (at is null) Assert.Contains("daemon:listen", Assert.Throws<SettingsException>(daemon.ListenAt).Message, StringComparison.Ordinal);
        else Assert.Equal(at, daemon.ListenAt().ToString());
    }
}
