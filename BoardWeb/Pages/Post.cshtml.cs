using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Topics;
using Connect.BoardWeb.Writes;
using Connect.Node.Files;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Connect.BoardWeb.Pages;

/// <summary>One thing that happened to a post.</summary>
/// <param name="Changes">What an edit changed, as HTML; null for anything else.</param>
public sealed record HistoryStep(Revision Revision, string? Changes);

/// <summary>One post: what happened to it, and what may be done to it by whoever looks.</summary>
[TakesFiles]
public sealed class PostModel(PostReader posts, TopicReader topics, Revising revising, Reactions reactions, FileReader files, Attaching attaching, Addressing addressing, PostAdmission admission, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public PostView Post { get; private set; } = null!;

    public string TopicTitle { get; private set; } = "";

    public IReadOnlyList<HistoryStep> History { get; private set; } = [];

    /// <summary>What it shows or links to.</summary>
    public IReadOnlyList<StoredFile> Files { get; private set; } = [];

    /// <summary>Names of the reactions that whoever looks has given.</summary>
    public IReadOnlySet<string> Mine { get; private set; } = new HashSet<string>();

    [BindProperty]
    public string? Body { get; set; }

    [BindProperty]
    public string? Reason { get; set; }

    /// <summary>Of the post as it was when the form was made.</summary>
    [BindProperty]
    public Guid? Version { get; set; }

    public string? Preview { get; private set; }

    public bool Conflict { get; private set; }

    public bool MayEdit => Revising.MayEdit(Post, User);

    public bool MayDelete => Revising.MayDelete(Post, User);

    public bool MayRestore => Revising.MayRestore(Post, User);

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancel)
    {
        if (!await LoadAsync(id, cancel)) return NotFound();
        Body = Post.Body;
        return Page();
    }

    public async Task<IActionResult> OnPostEditAsync(Guid id, string? preview, [FromForm(Name = Attaching.Field)] List<IFormFile>? brought, CancellationToken cancel)
    {
        if (Me is null) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (!MayEdit) return Refused();
        Body = await attaching.AddAsync(Body, brought, User, ModelState, cancel);
        var (fault, tooLarge) = PostRules.Body(Body);
        if (fault is not null) ModelState.AddModelError(nameof(Body), fault);
        if (PostRules.Reason(Reason) is { } reason) ModelState.AddModelError(nameof(Reason), reason);
        if (!ModelState.IsValid) return Again(tooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status422UnprocessableEntity);
        if (preview is not null)
        {
            Preview = MarkdownText.ToHtml(Body!, await addressing.PeopleAsync(Body!, cancel));
            return Page();
        }
        if (Body!.ReplaceLineEndings() == Post.Body.ReplaceLineEndings()) return LocalRedirect(InTopic()); // nothing to do, or done by an earlier click
        Conflict = Version is { } seen && seen != Post.Version;
        if (!Conflict && await admission.OfEditAsync(User, Post.Body, Body, cancel) is { } refusal) return Again(nameof(Body), refusal);
        return Conflict ? Again(StatusCodes.Status409Conflict) : Written(InTopic(), await revising.EditAsync(Post, User, Body, Reason));
    }

    public async Task<IActionResult> OnPostDeleteAsync(Guid id, CancellationToken cancel)
    {
        if (Me is null) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (Post.IsDeleted) return LocalRedirect(InTopic());
        if (!MayDelete) return Refused();
        if (PostRules.Reason(Reason) is { } reason)
        {
            ModelState.AddModelError(nameof(Reason), reason);
            return Again(StatusCodes.Status422UnprocessableEntity);
        }
        return Written(InTopic(), await revising.DeleteAsync(Post, User, Reason));
    }

    public async Task<IActionResult> OnPostRestoreAsync(Guid id, CancellationToken cancel)
    {
        if (Me is null) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (!Post.IsDeleted) return LocalRedirect(InTopic());
        return MayRestore ? Written(InTopic(), await revising.RestoreAsync(Post, User, null)) : Refused();
    }

    public async Task<IActionResult> OnPostReactAsync(Guid id, string? give, string? take, CancellationToken cancel)
    {
        if (Me is null) return Challenge();
        if (!await LoadAsync(id, cancel)) return NotFound();
        if (ReactionKind.Named(give ?? take) is not { } kind) return BadRequest();
        return Post.IsDeleted || Post.IsHeld ? Refused(Post.IsDeleted ? T["IsDeleted"] : T["PostWaits"]) : Written(InTopic(), await reactions.GiveAsync(id, User, kind, give is not null, cancel));
    }

    private async Task<bool> LoadAsync(Guid id, CancellationToken cancel)
    {
        if (await posts.FindAsync(id, User, cancel) is not { } post) return false;
        Post = post;
        if (await topics.FindAsync(post.Topic, User, cancel) is not { } topic) return false;
        TopicTitle = topic.Title;
        Files = [.. (await files.FindAsync(FileAddress.In(post.Body, MarkdownText.MaxPictures), cancel)).Where(f => FileRights.MayKnow(f, User))];
        if (Me is { } me) Mine = await reactions.MineAsync(id, me, cancel);
        if (!Revising.MaySeeHistory(post, User) || post.State.Latest == Guid.Empty) return true;
        var text = (await posts.OriginalAsync(id, cancel))?.Body ?? "";
        var steps = new List<HistoryStep>();
        foreach (var revision in await posts.HistoryAsync(id, cancel))
        {
            steps.Add(new(revision, revision.Body is { } body ? TextDiff.ToHtml(text, body) : null));
            text = revision.Body ?? text;
        }
        steps.Reverse(); // the latest first
        History = steps;
        return true;
    }

    public static IHtmlContent Words(Revision revision) => revision.Kind switch
    {
        RevisionKind.Edit => T.Html("EditedBy", revision.By),
        RevisionKind.Delete => T.Html("DeletedByPerson", revision.By),
        _ => T.Html("RestoredBy", revision.By),
    };

    private string InTopic() => $"/t/{Post.Topic}?at={Post.Id}#p-{Post.Id}";
}
