using System.Security.Claims;
using System.Security.Cryptography;
using Connect.BoardWeb.Accounts;
using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Files;

namespace Connect.BoardWeb.Files;

/// <summary>What became of a file that was sent.</summary>
/// <param name="File">It is kept; null if it was refused.</param>
/// <param name="Result">Of the write; null if it was refused.</param>
/// <param name="Fault">Why it was refused, and what to do, in words.</param>
/// <param name="Status">The HTTP status of a refusal.</param>
public sealed record Stored(StoredFile? File, WriteResult? Result, string? Fault, int Status = StatusCodes.Status200OK);

/// <summary>
/// Keeps files. First all parts are written, then the row that makes a file of them: whatever stops in between leaves nothing that anybody can see. The same file, sent again by the same
/// person, is the one that is there.
/// </summary>
public sealed class Storing(WriteBatcher writes, FileReader files, PictureTurns pictures, NewMembers members, Uuid7 ids, TimeProvider time) : IDisposable
{
    /// <summary>Parts in one write: posts find their place between them.</summary>
    private const int PartsInWrite = 4;

    /// <summary>Writes of one file that are under way at the same time.</summary>
    private const int WritesAtATime = 4;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1), Turn = TimeSpan.FromSeconds(20);

    /// <summary>Files of one person are kept one after the other, or the same one could be kept twice, and the limit be passed. Some people share a gate.</summary>
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 32).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Keeps a file, or says why not.</summary>
    /// <param name="name">As it was sent; may be anything.</param>
    /// <param name="bytes">All of it.</param>
    /// <param name="user">Whose it is.</param>
    /// <param name="cancel">Ends it as long as nothing is written.</param>
    /// <exception cref="DatabaseUnavailableException">The server did not answer in time, or this node has too much to do.</exception>
    public async Task<Stored> StoreAsync(string? name, byte[] bytes, ClaimsPrincipal user, CancellationToken cancel)
    {
        if (await members.WhyNoFilesAsync(user, cancel) is { } why) return Refused(403, why);
        if (bytes.Length == 0) return Refused(422, T["FileEmpty"]);
        if (FileKind.Of(bytes) is not { } kind) return Refused(415, T["FileKindRefused", LimitsInWords]);
        var limit = kind.IsPicture ? FileRules.MaxPictureBytes : FileRules.MaxBytes;
        if (bytes.Length > limit) return Refused(413, TooLarge(kind));
        var author = Identity.AccountOf(user)!.Value;
        var gate = _gates[(author.GetHashCode() & int.MaxValue) % _gates.Length];
        if (!await gate.WaitAsync(Turn, cancel)) throw new NodeBusyException(T["BusyOwnFiles"]);
        try
        {
            return await StoreAsync(name, bytes, kind, author, user.HasClaim(Identity.Unlimited, "1"), cancel);
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose()
    {
        foreach (var gate in _gates) gate.Dispose();
    }

    /// <summary>What is taken.</summary>
    public static string LimitsInWords => T["FileLimits", FileRules.MaxPictureBytes >> 20, FileRules.MaxBytes >> 20];

    /// <summary>What is said of a file that is too large.</summary>
    /// <param name="kind">Null if it was not even read.</param>
    public static string TooLarge(FileKind? kind) => kind is { IsPicture: false } ? T["FileTooLarge", FileRules.MaxBytes >> 20]
        : T["PictureTooLarge", FileRules.MaxPictureBytes >> 20, FileRules.MaxBytes >> 20];

    private async Task<Stored> StoreAsync(string? name, byte[] bytes, FileKind kind, Guid author, bool unlimited, CancellationToken cancel)
    {
        var hash = SHA256.HashData(bytes);
        // The daily limit is asked for before a picture costs any work; how large it becomes is not known by then.
        if (!unlimited && await files.BytesAsync(author, time.GetUtcNow() - Day, cancel) >= FileRules.MaxBytesPerDay)
            return Refused(429, T["FilesOfDay", FileRules.MaxBytesPerDay >> 20]);
        (CleanPicture? picture, string? fault) = kind.IsPicture ? await pictures.DrawAsync(bytes, kind, cancel) : (null, null);
        if (fault is not null) return Refused(422, fault);
        var kept = picture?.Kind ?? kind;
        var clean = FileRules.Name(name, kept);
        if (await files.SameAsync(author, clean, hash, cancel) is { IsHidden: false } same) return new(same, new([], same.Id, "", 0, true), null);
        var whole = new Content(ids.Next(), picture?.Whole.Bytes.Length ?? bytes.Length, picture?.Whole.Width ?? 0, picture?.Whole.Height ?? 0);
        var shown = picture?.Shown is { } small ? new Content(ids.Next(), small.Bytes.Length, small.Width, small.Height) : null;
        // From here on it goes on to its end, whether anybody waits for it or not.
        await WriteAsync(whole, picture?.Whole.Bytes ?? bytes);
        if (shown is not null) await WriteAsync(shown, picture!.Shown!.Bytes);
        var result = await writes.WriteAsync(new(next => [new NewFile(next(), author, clean, kept.Type, hash, whole, shown)]));
        return new(await files.FindAsync(result.Ids[0], CancellationToken.None), result, null);
    }

    private Task WriteAsync(Content content, byte[] bytes) => Parallel.ForEachAsync(
        Enumerable.Range(0, FileRules.PartsOf(bytes.Length)).Chunk(PartsInWrite), new ParallelOptions { MaxDegreeOfParallelism = WritesAtATime },
        async (numbers, _) => await writes.WriteAsync(new(next => [.. numbers.Select(n => new NewFilePart(next(), content.Id, n, FileRules.Part(bytes, n)))])));

    private static Stored Refused(int status, string fault) => new(null, null, fault, status);
}
