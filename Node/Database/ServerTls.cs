using System.Runtime.InteropServices;

namespace Connect.Node.Database;

/// <summary>Whether connections to servers are encrypted, and whom they believe.</summary>
/// <param name="On">Encrypt.</param>
/// <param name="CaFile">A server must show a certificate that this authority signed, for the address it was called by. Null believes anybody: listeners are kept out, nobody in the middle is.</param>
public sealed partial record ServerTls(bool On, string? CaFile = null)
{
    public static implicit operator ServerTls(bool on) => new(on);

    /// <summary>
    /// Makes this process believe the authority, for the driver, which can only be told to believe whom the system believes. Call it before anything else speaks TLS: the runtime
    /// reads the variable once. The system's own folder of authorities stays.
    /// </summary>
    public void Trust()
    {
        // Environment.SetEnvironmentVariable is the runtime's own copy; the library that verifies looks at the process's.
        if (CaFile is not null && SetVariable("SSL_CERT_FILE", CaFile, 1) != 0) throw new InvalidOperationException($"setenv failed with {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
