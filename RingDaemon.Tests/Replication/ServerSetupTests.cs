using Connect.Node.Settings;
using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Tests.Replication;

public sealed class ServerSetupTests
{
    [Theory]
    [InlineData(Engine.MySQL)]
    [InlineData(Engine.MariaDB)]
    public void The_init_file_has_one_statement_a_line_and_begins_outside_the_binary_log(Engine engine)
    {
        var lines = ServerSetup.InitSql(engine, "connect", DatabaseAccounts.Generate()).TrimEnd('\n').Split('\n');
        Assert.Equal("SET SESSION sql_log_bin = 0;", lines[0]);
        Assert.All(lines, line => Assert.EndsWith(";", line, StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("CREATE TABLE IF NOT EXISTS post ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("it's")]
    [InlineData("a;b")]
    [InlineData("a\nb")]
    [InlineData("")]
    public void A_password_that_could_end_its_quotes_is_refused(string password)
    {
        var accounts = DatabaseAccounts.Generate();
        Assert.Throws<SettingsException>(() => ServerSetup.InitSql(Engine.MySQL, "connect", accounts with { Peer = new("peer", password) }));
        Assert.Throws<SettingsException>(() => ServerSetup.InitSql(Engine.MySQL, "con`nect", accounts));
    }

    [Fact]
    public void Generated_passwords_fit_MySql_replication()
    {
        Assert.InRange(DatabaseAccounts.Generate().Replication.Password.Length, 24, 32);
    }

    [Theory]
    [InlineData(Engine.MySQL)]
    [InlineData(Engine.MariaDB)]
    public void The_option_file_uses_relative_sockets_and_a_temporary_folder_of_its_own(Engine engine)
    {
        var binaries = engine == Engine.MariaDB ? ServerBinaries.InstalledMariaDb("MariaDB 10.11") : ServerBinaries.PrivateMySql("MySQL 9.7", "/opt/m");
        var text = OptionFile.Text(new(binaries, "/" + new string('x', 200) + "/data", "/x/init.sql", "127.0.0.1", 3306, 7) { Extra = ["max_connections = 5"] });
        Assert.Contains("socket = server.sock\n", text, StringComparison.Ordinal);
        Assert.Contains("/data.tmp\n", text, StringComparison.Ordinal);
        Assert.Contains("server_id = 7\n", text, StringComparison.Ordinal);
        Assert.Equal(engine == Engine.MariaDB, text.Contains("gtid_domain_id = 7\n", StringComparison.Ordinal));
        Assert.EndsWith("max_connections = 5\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_never_initialised()
    {
        var folder = Directory.CreateTempSubdirectory("connect-test-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "precious"), "");
        await Assert.ThrowsAsync<InvalidOperationException>(() => DataFolder.InitialiseAsync(ServerBinaries.InstalledMariaDb("MariaDB 10.11"), folder.FullName));
        Assert.True(File.Exists(Path.Combine(folder.FullName, "precious")));
        Assert.False(DataFolder.IsInitialised(folder.FullName));
        folder.Delete(recursive: true);
    }
}
