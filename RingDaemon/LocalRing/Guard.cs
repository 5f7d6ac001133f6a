using System.Diagnostics;

namespace Connect.RingDaemon.Local;

/// <summary>
/// A tiny shell that reads from a pipe whose other end <c>up</c> holds. If <c>up</c> dies before it has said <c>done</c> (kill -9, out of memory), the
/// pipe ends, and the guard takes down what <c>up</c> had started: nothing is ever left running by accident.
/// </summary>
internal sealed class Guard : IDisposable
{
    // $0 is a name for ps, $1 is the log, the rest is the command that takes the ring down.
    private const string Script = """
        log=$1; shift
        if IFS= read -r word && [ "$word" = done ]; then exit 0; fi
        exec "$@" >>"$log" 2>&1 </dev/null
        """;

    private readonly Process _shell;

    private Guard(Process shell) => _shell = shell;

    /// <param name="takeDown">What to run when <c>up</c> dies.</param>
    /// <param name="log">Where that writes.</param>
    public static Guard Start(IReadOnlyList<string> takeDown, string log)
    {
        // In a session of its own, so that Ctrl-C reaches up and not the guard.
        var info = new ProcessStartInfo("setsid", (string[])["/bin/sh", "-c", Script, "connect-guard", log, .. takeDown])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        return new(Process.Start(info) ?? throw new LocalRingException("The guard could not be started."));
    }

    /// <summary>All is well: the guard ends without doing anything.</summary>
    public void Dismiss()
    {
        try
        {
            _shell.StandardInput.Write("done\n");
            _shell.StandardInput.Flush();
            _shell.WaitForExit(TimeSpan.FromSeconds(2));
        }
        catch (IOException)
        {
            // The guard itself was killed; there is nothing left to tell it.
        }
    }

    /// <summary>Closes the pipe. Without <see cref="Dismiss"/> the guard now acts.</summary>
    public void Dispose()
    {
        try
        {
            _shell.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
        _shell.Dispose();
    }
}
