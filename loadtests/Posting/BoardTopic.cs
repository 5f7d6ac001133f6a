using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Connect.LoadTests.Posting;

/// <summary>A topic made for a measurement.</summary>
/// <param name="Id">Its id.</param>
/// <param name="FirstPost">The post it began with.</param>
public sealed record BoardTopic(Guid Id, Guid FirstPost)
{
    /// <summary>Makes a topic in the channel <c>measurements</c>, and the channel if it is missing. It is retried for a few seconds: a ring may be just up.</summary>
    /// <exception cref="HttpRequestException">The board refused.</exception>
    public static async Task<BoardTopic> CreateAsync(HttpClient http, string title, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(http, title, cancel);
            }
            catch (HttpRequestException) when (attempt < 10)
            {
                await Task.Delay(500, cancel);
            }
        }
    }

    private static async Task<BoardTopic> TryAsync(HttpClient http, string title, CancellationToken cancel)
    {
        using var channel = await http.PostAsJsonAsync("/api/v1/channels", new { slug = "measurements", title = "Measurements" }, cancel);
        if (!channel.IsSuccessStatusCode && channel.StatusCode is not (HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest))
            throw new HttpRequestException($"The channel could not be made: {(int)channel.StatusCode} {await channel.Content.ReadAsStringAsync(cancel)}");
        using var answer = await http.PostAsJsonAsync("/api/v1/channels/measurements/topics", new { title, body = "Made by loadtests." }, cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"The topic could not be made: {(int)answer.StatusCode} {text}");
        var body = JsonNode.Parse(text);
        return new(Guid.Parse((string)body!["id"]!), Guid.Parse((string)body["postId"]!));
    }
}
