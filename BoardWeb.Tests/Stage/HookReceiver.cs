using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>What a receiver was told.</summary>
public sealed record Told(string Path, string Id, string Timestamp, string Signature, string Body, DateTimeOffset At)
{
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

    public string Type => Json.GetProperty("type").GetString()!;

    public JsonElement Data => Json.GetProperty("data");

    /// <summary>True if one of the signatures is of this secret: worked out anew, as a receiver does.</summary>
    public bool IsSignedBy(string secret) => Signature.Split(' ').Contains(
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{Id}.{Timestamp}.{Body}"))));
}

/// <summary>A real receiver of webhooks on the loopback.</summary>
public sealed class HookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HookReceiver(WebApplication app, string url) => (_app, Url) = (app, url);

    public string Url { get; }

    public ConcurrentQueue<Told> Told { get; } = new();

    /// <summary>What it answers; 204 by default.</summary>
    public Func<HttpContext, Told, Task> Answer { get; set; } = (context, _) =>
    {
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    };

    public static async Task<HookReceiver> StartAsync()
    {
        var (app, url) = LocalApp.Make();
        var receiver = new HookReceiver(app, url);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var told = new Told(context.Request.Path, context.Request.Headers["webhook-id"].ToString(), context.Request.Headers["webhook-timestamp"].ToString(), context.Request.Headers["webhook-signature"].ToString(),
                await reader.ReadToEndAsync(), DateTimeOffset.UtcNow);
            receiver.Told.Enqueue(told);
            await receiver.Answer(context, told);
        });
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Waits until it was told so many things.</summary>
    public Task WaitAsync(int count) => Wait.UntilAsync(() => Task.FromResult(Told.Count >= count), TimeSpan.FromSeconds(60), $"{count} things are told (it is {Told.Count})");

    public async ValueTask DisposeAsync()
    {
        await LocalApp.EndAsync(_app);
    }
}
