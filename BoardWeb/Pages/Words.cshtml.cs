using Connect.BoardWeb.Admission;
using Connect.BoardWeb.Live;
using Connect.BoardWeb.Moderation;
using Connect.BoardWeb.Posts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Words that are not taken in posts, or that a moderator looks at first: for moderators.</summary>
[Authorize(Roles = $"{Roles.Moderator},{Roles.Administrator}")]
public sealed class WordsModel(WordList list, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public IReadOnlyList<ListedWord> Words { get; private set; } = [];

    [BindProperty]
    public string? Word { get; set; }

    /// <summary>One of <see cref="WordEffect.All"/>.</summary>
    [BindProperty]
    public string? Effect { get; set; }

    [BindProperty]
    public string? Reason { get; set; }

    public async Task OnGetAsync(CancellationToken cancel) => Words = await list.AllAsync(cancel);

    public async Task<IActionResult> OnPostAsync(string? act, CancellationToken cancel)
    {
        if (act is not ("list" or "drop")) return BadRequest();
        if (WordList.Fault(Word) is { } fault) ModelState.AddModelError(nameof(Word), fault);
        if (WordEffect.Fault(Effect ??= WordEffect.Refuse) is { } unknown) ModelState.AddModelError(nameof(Effect), unknown);
        if (PostRules.Reason(Reason) is { } reason) ModelState.AddModelError(nameof(Reason), reason);
        if (ModelState.IsValid)
        {
            try
            {
                return await list.DecideAsync(Word!, act == "list" ? Effect : null, User, Reason, cancel) is { } result ? Written("/moderation/words", result) : LocalRedirect("/moderation/words");
            }
            catch (InvalidOperationException full)
            {
                ModelState.AddModelError(nameof(Word), full.Message);
            }
        }
        Words = await list.AllAsync(cancel);
        return Again();
    }
}
