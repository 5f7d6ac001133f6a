using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>What stands in for another server has a real one of its own on the loopback, and says nothing of it.</summary>
internal static class LocalApp
{
    public static (WebApplication App, string Url) Make(Action<IServiceCollection>? add = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var url = $"http://127.0.0.1:{Server.FreePort()}";
        builder.WebHost.UseUrls(url);
        add?.Invoke(builder.Services);
        return (builder.Build(), url);
    }

    /// <summary>Whoever is still being answered is given a second.</summary>
    public static async ValueTask EndAsync(WebApplication app)
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(soon.Token);
        await app.DisposeAsync();
    }
}
