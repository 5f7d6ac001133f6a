using Connect.Node.Security;
using Connect.Node.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>One board on a real port, with a fake daemon, on a server that others may use too.</summary>
public sealed class BoardNode : IAsyncDisposable
{
    private BoardNode(WebApplication app, FakeDaemon daemon, NodeSettings settings) => (App, Daemon, Settings) = (app, daemon, settings);

    public WebApplication App { get; }

    public FakeDaemon Daemon { get; }

    public NodeSettings Settings { get; }

    public string Url => Settings.Web.Url;

    public T Service<T>() where T : notnull => App.Services.GetRequiredService<T>();

    public static NodeSettings SettingsFor(Server server, string name, string folder, Action<NodeSettings>? change = null)
    {
        Directory.CreateDirectory(folder);
        var keys = Path.Combine(server.Folder, "cluster.key");
        if (!File.Exists(keys)) ClusterKeys.Create(keys);
        var accounts = Path.Combine(server.Folder, "accounts.json");
        if (!File.Exists(accounts)) (DatabaseAccounts.Generate() with { Board = Server.Board }).Save(accounts);
        var settings = new NodeSettings
        {
            Name = name,
            Cluster = "test",
            KeyFile = keys,
            Database = { Engine = server.Engine, Port = server.Port, AccountsFile = accounts },
            Web = { Url = $"http://127.0.0.1:{Server.FreePort()}", SearchFile = Path.Combine(folder, $"search-{name}-{Guid.NewGuid():N}.db") },
        };
        change?.Invoke(settings);
        return settings;
    }

    public static async Task<BoardNode> StartAsync(Server server, string name, Action<NodeSettings>? change = null)
    {
        var settings = SettingsFor(server, name, server.Folder, change);
        var daemon = await FakeDaemon.StartAsync(settings, ClusterKeys.Load(settings.KeyFile), server.Engine == Engine.MariaDB ? 7 : 9);
        settings.Daemon.Url = daemon.Url;
        var app = Board.Build(settings);
        await app.StartAsync();
        return new(app, daemon, settings);
    }

    /// <summary>A program's client; with the administrator's token unless another or none is wanted.</summary>
    public HttpClient Client(string? token = null)
    {
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false }) { BaseAddress = new(Url) };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return http;
    }

    public Task ReadyAsync() => Wait.UntilAsync(async () =>
    {
        using var http = Client();
        return (await http.GetAsync("/health/ready")).IsSuccessStatusCode;
    }, TimeSpan.FromSeconds(15), $"{Settings.Name} is ready");

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
        await Daemon.DisposeAsync();
    }
}
