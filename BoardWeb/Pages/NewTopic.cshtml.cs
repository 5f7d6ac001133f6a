using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Attention;
using Connect.BoardWeb.Channels;
using Connect.BoardWeb.Files;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Topics;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Opens a topic with its first post.</summary>
[Authorize]
[TakesFiles]
public sealed class NewTopicModel(ChannelReader channels, Posting posting, Attaching attaching, Addressing addressing, PostAdmission admission, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public ChannelView Channel { get; private set; } = null!;

    [BindProperty]
    public string? Title { get; set; }

    [BindProperty]
    public string? Body { get; set; }

    public string? Preview { get; private set; }

    public async Task<IActionResult> OnGetAsync(string slug, CancellationToken cancel) => await LoadAsync(slug, cancel) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync(string slug, string? preview, List<IFormFile>? files, CancellationToken cancel)
    {
        if (!await LoadAsync(slug, cancel)) return NotFound();
        if (TopicRules.WhyClosed(Channel, User) is { } closed) return Refused(closed);
        Body = await attaching.AddAsync(Body, files, User, ModelState, cancel);
        var (fault, tooLarge) = PostRules.Body(Body);
        if (preview is not null && !tooLarge)
        {
            Preview = MarkdownText.ToHtml(Body ?? "", await addressing.PeopleAsync(Body ?? "", cancel));
            return Page();
        }
        if (PostRules.Title(Title) is { } title) ModelState.AddModelError(nameof(Title), title);
        if (fault is not null) ModelState.AddModelError(nameof(Body), fault);
        if (!ModelState.IsValid) return Again(tooLarge ? StatusCodes.Status413PayloadTooLarge : StatusCodes.Status422UnprocessableEntity);
        var (refusal, waits) = await admission.OfPostAsync(User, Title, Body!, cancel);
        if (refusal is not null) return Again(nameof(Body), refusal);
        var key = Posting.RequestKey(Me!.Value, Posting.FormKey(FormKey, Title, Body));
        var posted = await posting.OpenAsync(Channel.Id, Me.Value, Title!, Body!, key, waits, cancel);
        return Written($"/t/{posted.Topic}", posted.Result);
    }

    private async Task<bool> LoadAsync(string slug, CancellationToken cancel)
    {
        if (await channels.FindAsync(slug, cancel) is not { } channel) return false;
        Channel = channel;
        return true;
    }
}
