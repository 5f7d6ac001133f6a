using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Founding;
using Connect.Node.Settings;
using Xunit;

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>Two boards on a server of their own, of which the first sends at once what boards send by themselves. Other tests' boards are not there: they would send it too.</summary>
public sealed class SendingStage : IAsyncDisposable
{
    private SendingStage(Server server, BoardNode a, BoardNode b, string token) => (Server, A, B, Token) = (server, a, b, token);

    public Server Server { get; }

    /// <summary>Called n1, and so the first.</summary>
    public BoardNode A { get; }

    public BoardNode B { get; }

    /// <summary>The administrator's.</summary>
    public string Token { get; }

    public static async Task<SendingStage> StartAsync(string engine, Action<NodeSettings>? change = null)
    {
        var wanted = Enum.Parse<Engine>(engine);
        Assert.SkipWhen(wanted == Engine.MySQL && Server.MySqlPrefix is null, "There is no MySQL: scripts/get-mysql fetches one, or set CONNECT_MYSQL_PREFIX.");
        var server = await Server.StartAsync(wanted);
        var file = Path.Combine(server.Folder, "token");
        await Founder.FoundAsync(BoardNode.SettingsFor(server, "n1", server.Folder), file);
        var (a, b) = (await BoardNode.StartAsync(server, "n1", Change), await BoardNode.StartAsync(server, "n2", Change));
        await a.ReadyAsync();
        await b.ReadyAsync();
        return new(server, a, b, (await File.ReadAllTextAsync(file)).Trim());

        void Change(NodeSettings settings)
        {
            settings.SenderSettleSeconds = 0;
            change?.Invoke(settings);
        }
    }

    public HttpClient Admin(BoardNode? node = null) => (node ?? A).Client(Token);

    /// <summary>A client of an ordinary member's, who may do all that they may, and is not counted.</summary>
    public async Task<HttpClient> MemberAsync(string name, BoardNode? node = null)
    {
        using var http = Admin();
        var answer = await (await http.PostAsJsonAsync("/api/v1/tokens", new { account = name, label = "test", unlimited = true })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return (node ?? A).Client(answer.GetProperty("token").GetString());
    }

    /// <summary>A topic, and its first post.</summary>
    public async Task<(Guid Topic, Guid Post)> TopicAsync(string title, string body = "Its first post", HttpClient? by = null)
    {
        using var admin = Admin();
        var made = await (await (by ?? admin).PostAsJsonAsync("/api/v1/channels/general/topics", new { title, body })).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return (made.GetProperty("id").GetGuid(), made.GetProperty("postId").GetGuid());
    }

    /// <summary>By an account that may do anything.</summary>
    public async Task<T> SqlAsync<T>(Func<System.Data.Common.DbConnection, T> query)
    {
        using var database = new Node.Database.Database(new("127.0.0.1", Server.Port), new("tester", "Aa1_tester"), "connect", tls: false, 1);
        return await database.RunAsync(query, TimeSpan.FromSeconds(10));
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
        await Server.DisposeAsync();
    }
}
