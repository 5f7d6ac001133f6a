using Connect.BoardWeb.Live;
using Connect.BoardWeb.Posts;
using Connect.BoardWeb.Writes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Connect.BoardWeb.Pages;

/// <summary>Anyone who has signed in may make a channel.</summary>
[Authorize]
public sealed class NewChannelModel(WriteBatcher writes, LastWrite lastWrite) : BoardPage(lastWrite)
{
    [BindProperty]
    public string? Slug { get; set; }

    [BindProperty]
    public string? Title { get; set; }

    public async Task<IActionResult> OnPostAsync()
    {
        if (PostRules.Title(Title) is { } title) ModelState.AddModelError(nameof(Title), title);
        if (PostRules.Slug(Slug) is { } slug) ModelState.AddModelError(nameof(Slug), slug);
        if (!ModelState.IsValid) return Again(StatusCodes.Status422UnprocessableEntity);
        var result = await writes.WriteAsync(new(next => [new NewChannel(next(), Me!.Value, Slug!, Title!)], new Claim("channel", "slug", Slug!)));
        if (result.Existing is null) return Written($"/c/{Slug}", result);
        ModelState.AddModelError(nameof(Slug), T["SlugTaken"]);
        return Again(StatusCodes.Status409Conflict);
    }
}
