using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Connect.BoardWeb.Storage;
using Connect.BoardWeb.Writes;
using Connect.Node.Database;
using Connect.Node.Settings;
using Dapper;
using Fido2NetLib;
using Fido2NetLib.Objects;
using Microsoft.AspNetCore.DataProtection;

namespace Connect.BoardWeb.Accounts.Passkeys;

/// <summary>A passkey as its owner sees it.</summary>
public sealed record Passkey(Guid Id, string Label, byte[] Credential, byte[] PublicKey)
{
    public DateTimeOffset AddedAt => Uuid7.TimeOf(Id);
}

/// <summary>What a browser is asked, as the script reads it, and the same sealed, which comes back with the answer. Good for ten minutes, on every node.</summary>
public sealed record PasskeyQuestion(string Options, string State);

/// <summary>
/// Passkeys (WebAuthn): a key in somebody's device or password store signs a challenge of the board's. Each is a row, and so is its removal; of each credential and account the latest counts.
/// <para>A device that counts its signatures (hardware keys do, passkeys that are synchronised between devices do not) leaves a row with each: of all nodes' rows the greatest number counts, and an
/// answer that does not count further is refused, as a copied key's would be.</para>
/// </summary>
public sealed class PasskeyDesk(
    BoardDatabase database, WriteBatcher writes, NodeSettings settings, IDataProtectionProvider protection, AccountReader accounts, Uuid7 ids, TimeProvider time, ILogger<PasskeyDesk> log)
{
    /// <summary>Passkeys of one account.</summary>
    public const int MaxPasskeys = 20;

    /// <summary>Characters of an answer, and of a sealed question. Longer ones are not read.</summary>
    private const int MaxText = 16_000;

    private const int MaxCredential = 1023, MaxPublicKey = 1100;

    private static readonly TimeSpan Unhurried = TimeSpan.FromMinutes(10);

    /// <summary>Questions that are remembered as answered, each until it is no longer good.</summary>
    private const int MaxAnswered = 10_000;

    private readonly ConcurrentDictionary<string, long> _answered = new();

    private const string IsUsable = "p.usable AND NOT EXISTS (SELECT 1 FROM passkey n WHERE n.credential_hash = p.credential_hash AND n.account_id = p.account_id AND n.id > p.id)";

    public Task<IReadOnlyList<Passkey>> OfAsync(Guid account, CancellationToken cancel) => database.ReadAsync<IReadOnlyList<Passkey>>(c => Query(c, "p.account_id = @account", new { account = Ids.Bytes(account) }), cancel);

    /// <summary>Asks a browser to make one.</summary>
    public PasskeyQuestion AskToMake(AccountView account, IReadOnlyList<Passkey> existing, HttpRequest request)
    {
        var options = Library(request).RequestNewCredential(new RequestNewCredentialParams
        {
            User = new() { Id = Ids.Bytes(account.Id), Name = account.Name, DisplayName = account.Name },
            ExcludeCredentials = [.. existing.Select(p => new PublicKeyCredentialDescriptor(p.Credential))],
            // It is the only thing one signs in with: so the device asks who is there, and knows by itself for which account.
            AuthenticatorSelection = new() { ResidentKey = ResidentKeyRequirement.Required, UserVerification = UserVerificationRequirement.Required },
            AttestationPreference = AttestationConveyancePreference.None,
        }).ToJson();
        return new(options, Seal("make").Protect(options, Unhurried));
    }

    /// <summary>Asks a browser for one; which, the person chooses there.</summary>
    public PasskeyQuestion AskForOne(HttpRequest request)
    {
        var options = Library(request).GetAssertionOptions(new GetAssertionOptionsParams { AllowedCredentials = [], UserVerification = UserVerificationRequirement.Required }).ToJson();
        return new(options, Seal("use").Protect(options, Unhurried));
    }

    /// <summary>Adds one that a browser has made; null if its answer is none.</summary>
    public async Task<WriteResult?> AddAsync(AccountView account, string label, string? state, string? answer, HttpRequest request, CancellationToken cancel)
    {
        if (await AnswerAsync("make", state, answer, async (question, text) =>
        {
            var options = CredentialCreateOptions.FromJson(question);
            // Somebody else's question: the key would be made for their account.
            if (!options.User.Id.AsSpan().SequenceEqual(Ids.Bytes(account.Id))) return null;
            return await Library(request).MakeNewCredentialAsync(new MakeNewCredentialParams
            {
                AttestationResponse = JsonSerializer.Deserialize<AuthenticatorAttestationRawResponse>(text)!,
                OriginalOptions = options,
                IsCredentialIdUniqueToUserCallback = async (credential, c) => await FindAsync(account.Id, credential.CredentialId, c) is null,
            }, cancel);
        }) is not { } made || made.Id.Length > MaxCredential || made.PublicKey.Length > MaxPublicKey) return null;
        var hash = SHA256.HashData(made.Id);
        return await writes.WriteAsync(new(next =>
        [
            new NewPasskey(next(), account.Id, hash, made.Id, made.PublicKey, label, Usable: true),
            .. made.SignCount > 0 ? [new NewPasskeyUse(next(), account.Id, hash, made.SignCount)] : Array.Empty<NewRow>(),
        ]));
    }

    /// <summary>Who has answered; null if nobody whom this node knows.</summary>
    public Task<AccountView?> WhoAsync(string? state, string? answer, HttpRequest request, CancellationToken cancel) => AnswerAsync("use", state, answer, async (question, text) =>
    {
        var response = JsonSerializer.Deserialize<AuthenticatorAssertionRawResponse>(text)!;
        // The device says whose key it is; a key of that name of another account is another one.
        if (response.Response.UserHandle is not { Length: 16 } handle || await FindAsync(Ids.Of(handle), response.RawId, cancel) is not { } passkey) return null;
        var (account, hash) = (Ids.Of(handle), SHA256.HashData(passkey.Credential));
        var before = await CounterAsync(account, hash, cancel);
        var verified = await Library(request).MakeAssertionAsync(new MakeAssertionParams
        {
            AssertionResponse = response,
            OriginalOptions = AssertionOptions.FromJson(question),
            StoredPublicKey = passkey.PublicKey,
            StoredSignatureCounter = before,
            IsUserHandleOwnerOfCredentialIdCallback = (asked, _) => Task.FromResult(asked.UserHandle.AsSpan().SequenceEqual(handle) && asked.CredentialId.AsSpan().SequenceEqual(passkey.Credential)),
        }, cancel);
        // A device that once counted goes on counting.
        if (before > 0 && verified.SignCount <= before) return null;
        if (!IsFirstAnswer(question)) return null;
        if (verified.SignCount > 0) await CountAsync(account, hash, verified.SignCount);
        return await accounts.FindAsync(account, cancel);
    });

    /// <summary>The greatest number that any node has seen of a device; 0 if it does not count.</summary>
    private Task<uint> CounterAsync(Guid account, byte[] hash, CancellationToken cancel) => database.ReadAsync(c =>
        c.ExecuteScalar<uint?>("SELECT MAX(counter) FROM passkey_use WHERE credential_hash = @hash AND account_id = @account", new { hash, account = Ids.Bytes(account) }) ?? 0, cancel);

    private async Task CountAsync(Guid account, byte[] hash, uint counter)
    {
        try
        {
            await writes.WriteAsync(new(next => [new NewPasskeyUse(next(), account, hash, counter)]));
        }
        catch (DatabaseUnavailableException e)
        {
            // A node that takes no writes now lets people in nevertheless; the next number is greater still.
            log.LogInformation("The counter of a passkey was not kept: {Reason}", e.Message);
        }
    }

    /// <summary>False if a question was answered before, as far as this node knows. The question itself and not its seal, which can be written in more than one way. Only who holds a key gets here.</summary>
    private bool IsFirstAnswer(string question)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (_answered.Count >= MaxAnswered)
        {
            foreach (var (old, _) in _answered.Where(a => a.Value < now)) _answered.TryRemove(old, out _);
            if (_answered.Count >= MaxAnswered) return false;
        }
        return _answered.TryAdd(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(question))), now + (long)Unhurried.TotalMilliseconds);
    }

    private Task<Passkey?> FindAsync(Guid account, byte[] credential, CancellationToken cancel) => database.ReadAsync(c =>
        Query(c, "p.credential_hash = @hash AND p.account_id = @account", new { hash = SHA256.HashData(credential), account = Ids.Bytes(account) }).FirstOrDefault(), cancel);

    private List<Passkey> Query(DbConnection connection, string where, object values)
    {
        var found = connection.Query($"SELECT p.id, p.label, p.credential, p.public_key FROM passkey p WHERE {where} AND {IsUsable} ORDER BY p.id LIMIT {MaxPasskeys}", values)
            .Select(r => new Passkey(Ids.Of((byte[])r.id), (string)r.label, (byte[])r.credential, (byte[])r.public_key)).ToList();
        // What is removed here from now on sorts after everything that has been read here.
        if (found.Count > 0) ids.Observe(found[^1].Id);
        return found;
    }

    private async Task<T?> AnswerAsync<T>(string purpose, string? state, string? answer, Func<string, string, Task<T?>> verify) where T : class
    {
        if (state is not { Length: > 0 and < MaxText } || answer is not { Length: > 0 and < MaxText }) return null;
        try
        {
            return await verify(Seal(purpose).Unprotect(state), answer);
        }
        catch (Exception e) when (e is not (OperationCanceledException or DatabaseUnavailableException or DbException))
        {
            // Whatever a browser may send is parsed by the library, which has an exception of its own for what it knows of, and others for the rest.
            return null;
        }
    }

    private ITimeLimitedDataProtector Seal(string purpose) => protection.CreateProtector($"passkey-{purpose}").ToTimeLimitedDataProtector();

    /// <summary>A passkey belongs to the name people type, which is the same on every node: the public address, or without one what the browser says it typed.</summary>
    private Fido2 Library(HttpRequest request)
    {
        var (host, origin) = Uri.TryCreate(settings.Web.PublicUrl, UriKind.Absolute, out var url) ? (url.Host, url.GetLeftPart(UriPartial.Authority)) : (request.Host.Host, $"{request.Scheme}://{request.Host}");
        return new(new Fido2Configuration { RPID = host, RPName = "Connect", Origins = new HashSet<string> { origin } });
    }
}
