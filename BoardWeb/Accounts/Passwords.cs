using Connect.BoardWeb.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Connect.BoardWeb.Accounts;

/// <summary>
/// Hashes passwords (PBKDF2, SHA-512, 210,000 rounds as OWASP advises) and only two at a time: a flood of sign-ins must not take the
/// processor away from the daemon, whose timers decide who is alive.
/// </summary>
public sealed class Passwords : IDisposable
{
    public const int MinLength = 8, MaxLength = 200;

    private const int Rounds = 210_000;
    private const int MaxAtOnce = 2;
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(3);
    private static readonly object Nobody = new();

    private readonly PasswordHasher<object> _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Rounds }));
    private readonly SemaphoreSlim _slots = new(MaxAtOnce);
    private readonly Lazy<string> _dummy;

    public Passwords() => _dummy = new(() => _hasher.HashPassword(Nobody, "nobody has this password"));

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Fault(string? password) => password switch
    {
        null or { Length: < MinLength } => T["PasswordTooShort", MinLength],
        { Length: > MaxLength } => T["PasswordTooLong", MaxLength],
        _ => null,
    };

    /// <exception cref="NodeBusyException">Too many others are waiting.</exception>
    public Task<string> HashAsync(string password, CancellationToken cancel) => InTurnAsync(() => _hasher.HashPassword(Nobody, password), cancel);

    /// <summary>Takes as long for a null hash (nobody has that name) as for a real one.</summary>
    /// <exception cref="NodeBusyException">Too many others are waiting.</exception>
    public Task<bool> VerifyAsync(string? hash, string password, CancellationToken cancel) => InTurnAsync(
        () => password.Length <= MaxLength
            && _hasher.VerifyHashedPassword(Nobody, hash ?? _dummy.Value, password) != PasswordVerificationResult.Failed && hash is not null, cancel);

    public void Dispose() => _slots.Dispose();

    private async Task<TResult> InTurnAsync<TResult>(Func<TResult> work, CancellationToken cancel)
    {
        if (!await _slots.WaitAsync(MaxWait, cancel)) throw new NodeBusyException(T["BusySigningIn"]);
        try
        {
            return await Task.Run(work, cancel);
        }
        finally
        {
            _slots.Release();
        }
    }
}
