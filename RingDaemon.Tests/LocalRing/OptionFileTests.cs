using Connect.RingDaemon.Replication;

namespace Connect.RingDaemon.Tests.Local;

public sealed class OptionFileTests
{
    [Theory]
    [InlineData("[mysqld]\n# who\nserver_id = 4\ngtid_domain_id = 5\n", 4u)]
    [InlineData("[mysqld]\nserver_id = 4\nserver_id = 6\n", 6u)] // the server takes the last one
    [InlineData("[mysqld]\nserver_id = ", null)] // cut off
    [InlineData("", null)]
    public async Task The_server_id_in_a_file_is_found_and_none_in_a_torn_one(string text, uint? id)
    {
        using var folder = new TemporaryFolder();
        var file = folder.At("my.cnf");
        Assert.Null(OptionFile.ServerIdIn(file));
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        Assert.Equal(id, OptionFile.ServerIdIn(file));
    }
}
