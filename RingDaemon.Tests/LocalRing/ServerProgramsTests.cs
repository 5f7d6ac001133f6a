using Connect.Node.Settings;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Local;

public sealed class ServerProgramsTests
{
    [Theory]
    [InlineData("mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)", Engine.MariaDB, "10.11.19")]
    [InlineData("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", Engine.MySQL, "9.7.4")]
    [InlineData("/usr/sbin/mysqld  Ver 8.0.41 for Linux on x86_64 (MySQL Community Server - GPL)", Engine.MySQL, "8.0.41")]
    public void A_mysqld_that_is_MariaDB_is_seen_through(string text, Engine engine, string version) =>
        Assert.Equal((engine, Version.Parse(version)), ServerPrograms.ParseVersion(text));

    [Fact]
    public void Anything_else_is_not_a_server() => Assert.Null(ServerPrograms.ParseVersion("bash: mysqld: command not found"));
}
