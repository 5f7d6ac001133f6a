using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Connect.LoadTests.Load;

namespace Connect.LoadTests.Posting;

/// <summary>
/// Posts as a careful client does: every post has an Idempotency-Key, and a request that fails is sent again with the same key until it is
/// acknowledged or <see cref="Patience"/> is over. Each failed request is noted in the ledger.
/// </summary>
public sealed class PostingClient(HttpClient http, Guid topic, Ledger ledger)
{
    /// <summary>From the first request of a post to giving up. 30 s.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Of one request: longer than the board waits for a second copy (2 s). 5 s.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>A connection pool without proxy, cookies or redirects: without the balancer's cookie every request may go to any node.</summary>
    public static HttpClient Connect(string url, string token)
    {
        var http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxConnectionsPerServer = 1000,
            ConnectTimeout = TimeSpan.FromSeconds(2),
        })
        { BaseAddress = new(url), Timeout = RequestTimeout };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return http;
    }

    /// <summary>Sends one post.</summary>
    /// <param name="token">A word for its body that no other post has.</param>
    public async Task<Response> PostAsync(string token)
    {
        var key = Guid.NewGuid().ToString("N");
        var deadline = Clock.After(Clock.Now, Patience);
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            var began = Clock.Now;
            var (response, node) = await TryAsync(key, token, attempt);
            if (response.Outcome is Outcome.Ok or Outcome.Pending) return response;
            ledger.Add(new FailedAttempt(token, began, Clock.Now, response.Detail, node));
            if (response.Outcome == Outcome.Wrong || Clock.Now > deadline)
            {
                ledger.GiveUp(token);
                return response;
            }
            await Task.Delay(pause);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }
    }

    private async Task<(Response Response, string? BoardNode)> TryAsync(string key, string token, int attempt)
    {
        string? node = null;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/topics/{topic}/posts") { Content = JsonContent.Create(new { body = $"Measured: {token}" }) };
            request.Headers.Add("Idempotency-Key", key);
            using var answer = await http.SendAsync(request);
            node = answer.Headers.TryGetValues("X-Connect-Node", out var names) ? names.First() : null;
            var status = (int)answer.StatusCode;
            if (answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Accepted)
            {
                var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync());
                if (!Guid.TryParse((string?)body?["id"], out var id)) return (Response.Wrong("no id"), node);
                ledger.Add(new Acknowledged(key, token, id, (string?)body["node"] ?? node ?? "", Clock.Now, status, attempt) { Copies = (int?)body["copies"] });
                return (status == 201 ? Response.Ok() : Response.Pending(), node);
            }
            if (status == 429) return (Response.Rejected(), node);
            return (status >= 500 ? Response.Fail($"{status}") : Response.Wrong($"{status}"), node);
        }
        catch (OperationCanceledException)
        {
            return (Response.Fail("timeout"), node);
        }
        catch (HttpRequestException e)
        {
            return (Response.Fail(e.HttpRequestError.ToString()), node);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return (Response.Wrong("body"), node);
        }
    }
}
