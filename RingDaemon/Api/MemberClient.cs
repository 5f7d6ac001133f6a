using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Connect.Node.Security;
using Connect.Node.Settings;

namespace Connect.RingDaemon.Api;

/// <summary>One daemon asks another over HTTP. Every call has a deadline; no answer is null, never an exception.</summary>
public sealed class MemberClient(HttpClient http, IClusterKeys keys, NodeSettings settings)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public Task<T?> GetAsync<T>(string daemonUrl, string path, TimeSpan deadline, CancellationToken cancel) where T : class =>
        SendAsync<T>(new(HttpMethod.Get, new Uri(new Uri(daemonUrl), path)), deadline, cancel);

    public Task<T?> PostAsync<T>(string daemonUrl, string path, object body, TimeSpan deadline, CancellationToken cancel) where T : class =>
        SendAsync<T>(new(HttpMethod.Post, new Uri(new Uri(daemonUrl), path)) { Content = JsonContent.Create(body, options: Json) }, deadline, cancel);

    private async Task<T?> SendAsync<T>(HttpRequestMessage request, TimeSpan deadline, CancellationToken cancel) where T : class
    {
        using var _ = request;
        // A member whose address is plain http by mistake must not make this one send the token in clear.
        if (request.RequestUri is { Scheme: "http", IsLoopback: false } && !settings.Daemon.AllowPlainHttp) return null;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(deadline);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", keys.Current.ApiToken);
        try
        {
            using var response = await http.SendAsync(request, timeout.Token);
            return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<T>(Json, timeout.Token) : null;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }
}
