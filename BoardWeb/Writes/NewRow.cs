using Connect.BoardWeb.Posts;
using Connect.Node.Database;

namespace Connect.BoardWeb.Writes;

/// <summary>A row that is about to be inserted. The writer adds the origin (<c>node</c>) itself.</summary>
/// <param name="Id">Made by the writer, so that a node's ids rise in the order in which they are committed.</param>
public abstract record NewRow(Guid Id)
{
    /// <summary>Table and columns, in the order of <see cref="Values"/>; <c>id</c> and <c>node</c> come first and are not listed.</summary>
    public abstract (string Table, string[] Columns) Shape { get; }

    public abstract object?[] Values { get; }

    /// <summary>It came from elsewhere with an id of its own: it may be here already, and is nobody's (<see cref="Archive.ImportedRow"/>).</summary>
    public virtual bool IsImported => false;

    /// <summary>About how many bytes the row adds to a packet.</summary>
    public virtual int Size => 200;
}

public sealed record NewRing(Guid Id, string Name) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("ring", ["name"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Name];
}

public sealed record NewAccount(Guid Id, string Name, string NameKey) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("account", ["name", "name_key"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Name, NameKey];
}

public sealed record NewLoginKey(Guid Id, Guid Account, string PasswordHash) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("login_key", ["account_id", "password_hash"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), PasswordHash];
}

public sealed record NewApiToken(Guid Id, Guid Account, byte[] TokenHash, string Label, bool Unlimited) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("api_token", ["account_id", "token_hash", "label", "unlimited"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), TokenHash, Label, Unlimited];
}

/// <param name="Scopes">Separated by spaces, as <see cref="Accounts.TokenScopes"/> writes them; empty: revoked.</param>
public sealed record NewApiTokenGrant(Guid Id, Guid Token, string Scopes) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("api_token_grant", ["token_id", "scopes"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Token), Scopes];
}

/// <param name="Linked">False: it is unlinked.</param>
public sealed record NewExternalLogin(Guid Id, Guid Account, string Provider, byte[] SubjectHash, bool Linked) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("external_login", ["account_id", "provider", "subject_hash", "linked"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), Provider, SubjectHash, Linked];
}

/// <param name="Usable">False: it is removed.</param>
public sealed record NewPasskey(Guid Id, Guid Account, byte[] CredentialHash, byte[] Credential, byte[] PublicKey, string Label, bool Usable) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("passkey", ["account_id", "credential_hash", "credential", "public_key", "label", "usable"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), CredentialHash, Credential, PublicKey, Label, Usable];

    // Bytes may be escaped, at twice their length.
    public override int Size => 400 + (Credential.Length + PublicKey.Length) * 2;
}

/// <param name="Counter">What the device counted when it signed.</param>
public sealed record NewPasskeyUse(Guid Id, Guid Account, byte[] CredentialHash, uint Counter) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("passkey_use", ["account_id", "credential_hash", "counter"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Account), CredentialHash, Counter];
}

public sealed record NewChannel(Guid Id, Guid Author, string Slug, string Title) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("channel", ["author_id", "slug", "title"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Author), Slug, Title];
}

public sealed record NewTopic(Guid Id, Guid Channel, Guid Author, string Title, byte[]? RequestKey) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("topic", ["channel_id", "author_id", "title", "request_key"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Channel), Uuid7.ToBytes(Author), Title, RequestKey];
}

public sealed record NewPost(Guid Id, Guid Topic, Guid Author, Guid? InReplyTo, string Body, byte[]? RequestKey) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("post", ["topic_id", "author_id", "in_reply_to", "body", "request_key"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values =>
        [Uuid7.ToBytes(Topic), Uuid7.ToBytes(Author), InReplyTo is { } reply ? Uuid7.ToBytes(reply) : null, Body, RequestKey];

    // UTF-8 takes up to three bytes a char, and escaping may double them.
    public override int Size => 300 + Body.Length * 3;
}

/// <param name="Kind">One of <see cref="RevisionKind"/>.</param>
/// <param name="Body">The whole new text of an edit; null otherwise.</param>
public sealed record NewPostRevision(Guid Id, Guid Post, Guid Author, string Kind, string? Body, string Reason) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("post_revision", ["post_id", "author_id", "kind", "body", "reason"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Post), Uuid7.ToBytes(Author), Kind, Body, Reason];

    public override int Size => 300 + ((Body?.Length ?? 0) + Reason.Length) * 3;
}

/// <param name="Kind">One of <see cref="ReactionKind.All"/>.</param>
/// <param name="Given">False: it is taken back.</param>
public sealed record NewReaction(Guid Id, Guid Post, Guid Author, string Kind, bool Given) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("reaction", ["post_id", "author_id", "kind", "given"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Post), Uuid7.ToBytes(Author), Kind, Given];
}

/// <param name="Property">One of <see cref="Moderation.Decidable"/>.</param>
public sealed record NewDecision(Guid Id, Guid Subject, string Property, string Value, Guid Author, string Reason) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("decision", ["subject_id", "property", "value", "author_id", "reason"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Subject), Property, Value, Uuid7.ToBytes(Author), Reason];

    public override int Size => 300 + (Value.Length + Reason.Length) * 3;
}

public sealed record NewReport(Guid Id, Guid Post, Guid Author, string Reason) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("report", ["post_id", "author_id", "reason"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Uuid7.ToBytes(Post), Uuid7.ToBytes(Author), Reason];

    public override int Size => 300 + Reason.Length * 3;
}

public sealed record NewProtectionKey(Guid Id, string Name, string Xml) : NewRow(Id)
{
    private static readonly (string, string[]) TheShape = ("data_protection_key", ["name", "xml"]);

    public override (string, string[]) Shape => TheShape;

    public override object?[] Values => [Name, Xml];
}
