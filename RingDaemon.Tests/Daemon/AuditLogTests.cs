using Connect.RingDaemon.Daemon;

namespace Connect.RingDaemon.Tests.Daemon;

public sealed class AuditLogTests
{
    [Fact]
    public void It_never_outgrows_twice_four_mebibytes_and_keeps_the_newest()
    {
        var folder = Directory.CreateTempSubdirectory("connect-audit-");
        try
        {
            var log = new AuditLog(folder.FullName, "n1", TimeProvider.System);
            var evidence = new string('x', 64 << 10);
            for (var i = 0; i < 300; i++) log.Add($"entry {i}", evidence, "done");
            Assert.InRange(folder.EnumerateFiles().Sum(f => f.Length), AuditLog.MaxBytes, 2 * (AuditLog.MaxBytes + (128 << 10)));
            Assert.Equal(["entry 299", "entry 298"], log.Newest(2).Select(e => e.Action));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
