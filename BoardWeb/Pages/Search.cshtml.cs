using Connect.BoardWeb.Live;
using Connect.BoardWeb.Search;
using Connect.BoardWeb.Topics;
using Microsoft.AspNetCore.Mvc;

namespace Connect.BoardWeb.Pages;

/// <summary>Finds posts on the whole board, or in one topic.</summary>
public sealed class SearchModel(BoardSearch search, TopicReader topics, LastWrite lastWrite) : BoardPage(lastWrite)
{
    public string? Q { get; private set; }

    /// <summary>The one topic that is looked through.</summary>
    public TopicView? Topic { get; private set; }

    public SearchResult? Result { get; private set; }

    public string? Fault { get; private set; }

    public bool IsIncomplete { get; private set; }

    public async Task<IActionResult> OnGetAsync(string? q, Guid? topic, Guid? before, CancellationToken cancel)
    {
        Q = q;
        if (topic is { } id && (Topic = await topics.FindAsync(id, User, cancel)) is null) return NotFound();
        (var query, Fault) = SearchQuery.Parse(q);
        if (query is null) return Fault is null ? Page() : Again();
        Result = await search.FindAsync(query, Topic?.Id, before, BoardSearch.PageSize, User, cancel);
        (Fault, IsIncomplete) = (Result.Fault, Result.Fault is null && !search.IsComplete);
        return Fault is null ? Page() : Again(StatusCodes.Status503ServiceUnavailable);
    }
}
