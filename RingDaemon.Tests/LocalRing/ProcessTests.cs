using System.Diagnostics;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Local;

public sealed class ProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _temporary = new();

    public void Dispose()
    {
        foreach (var process in ProcessTable.Marked(_temporary.Path)) process.Send(Signal.Kill);
        _temporary.Dispose();
    }

    [Fact]
    public void A_number_that_was_given_to_another_process_is_not_the_process()
    {
        var me = ProcessIdentity.Of(Environment.ProcessId)!;
        Assert.True(me.IsAlive);
        var earlier = me with { StartTicks = me.StartTicks - 1 };
        Assert.False(earlier.IsAlive);
        Assert.False(earlier.Send(Signal.Stop));
        Assert.False((me with { Boot = "another boot" }).IsAlive);
    }

    [Fact]
    public void A_process_file_of_a_process_that_is_gone_says_that_nothing_runs()
    {
        var file = new ProcessFile(_temporary.At("x.pid"));
        Assert.Null(file.Running);
        var me = ProcessIdentity.Of(Environment.ProcessId)!;
        file.Write(me);
        Assert.Equal(me, file.Running);
        file.Write(me with { StartTicks = 1 });
        Assert.Null(file.Running);
        Assert.NotNull(file.Read());
    }

    [Fact]
    public async Task A_started_process_has_a_session_and_a_log_of_its_own_and_carries_the_mark()
    {
        var process = Start("echo hello; exec sleep 60");
        Assert.True(await Eventually.TrueAsync(() => LogTail.Lines(_temporary.At("log/x.log"), 1) is ["hello"], Patience, TestContext.Current.CancellationToken));
        Assert.Equal(process.Identity, Assert.Single(ProcessTable.Marked(_temporary.Path)));
        var stat = await File.ReadAllTextAsync($"/proc/{process.Identity.Pid}/stat", TestContext.Current.CancellationToken);
        Assert.Equal(process.Identity.Pid.ToString(), stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3]); // session id
        await process.StopAsync(Patience);
        Assert.False(process.IsAlive);
        Assert.Null(new ProcessFile(_temporary.At("x.pid")).Read());
    }

    [Fact]
    public async Task A_frozen_process_is_stopped_in_order_too()
    {
        var process = Start("exec sleep 60");
        process.Identity.Send(Signal.Stop);
        Assert.True(await Eventually.TrueAsync(() => process.Identity.IsStopped, Patience, TestContext.Current.CancellationToken));
        await process.StopAsync(Patience);
        Assert.False(process.IsAlive);
    }

    [Fact]
    public async Task A_process_that_ignores_the_request_is_killed()
    {
        var process = Start("trap '' TERM; echo deaf; while :; do sleep 60; done");
        Assert.True(await Eventually.TrueAsync(() => LogTail.Lines(_temporary.At("log/x.log"), 1).Count == 1, Patience, TestContext.Current.CancellationToken));
        await process.StopAsync(TimeSpan.FromMilliseconds(100));
        Assert.False(process.IsAlive);
    }

    [Fact]
    public async Task The_guard_acts_when_its_owner_dies_without_a_word()
    {
        var made = _temporary.At("taken-down");
        using (Guard.Start(["touch", made], _temporary.At("guard.log")))
        {
            Assert.False(File.Exists(made));
        }
        Assert.True(await Eventually.TrueAsync(() => File.Exists(made), Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void The_guard_does_nothing_when_it_is_dismissed()
    {
        var made = _temporary.At("taken-down");
        using (var guard = Guard.Start(["touch", made], _temporary.At("guard.log"))) guard.Dismiss(); // returns when the guard has ended
        Assert.False(File.Exists(made));
    }

    [Fact]
    public async Task The_guard_acts_when_a_real_process_that_holds_the_pipe_is_killed()
    {
        // What the kernel does for `up`, tried with a shell: the pipe's only writer is killed with SIGKILL.
        var made = _temporary.At("taken-down");
        var script = $"sleep 60 | sh -c 'read -r word || touch {made}'";
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", (string[])["-c", script]))!;
        ProcessIdentity? sleep = null;
        Assert.True(await Eventually.TrueAsync(() => (sleep = ChildNamed(shell.Id, "sleep")) is not null, Patience, TestContext.Current.CancellationToken));
        Assert.False(File.Exists(made));
        sleep!.Send(Signal.Kill);
        Assert.True(await Eventually.TrueAsync(() => File.Exists(made), Patience, TestContext.Current.CancellationToken));
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private static ProcessIdentity? ChildNamed(int parent, string name) =>
        File.ReadAllText($"/proc/{parent}/task/{parent}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)
            .Where(pid => File.Exists($"/proc/{pid}/comm") && File.ReadAllText($"/proc/{pid}/comm").Trim() == name).Select(ProcessIdentity.Of).FirstOrDefault();

    private ProcessHandle Start(string script) =>
        ProcessHandle.Start(new(["/bin/sh", "-c", script], _temporary.At("log/x.log"), _temporary.Path), new(_temporary.At("x.pid")));
}
