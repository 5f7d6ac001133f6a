using System.Net.Http.Json;
using System.Text.Json;
using Connect.BoardWeb.Founding;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Settings;
using Xunit;

[assembly: AssemblyFixture(typeof(MariaDbStage))]
[assembly: AssemblyFixture(typeof(MySqlStage))]

namespace Connect.BoardWeb.Tests.Stage;

/// <summary>Two boards, <see cref="A"/> and <see cref="B"/>, on one founded server: what two nodes share by replication they share at once.</summary>
public abstract class StageOn(Engine engine) : IAsyncLifetime
{
    public Server Server { get; private set; } = null!;

    public BoardNode A { get; private set; } = null!;

    public BoardNode B { get; private set; } = null!;

    /// <summary>Other sites that both boards let people sign in with; the second of them never answers.</summary>
    public FakeIssuer Issuer { get; private set; } = null!;

    public FakeIssuer Asleep { get; private set; } = null!;

    public FakeFacebook Facebook { get; private set; } = null!;

    /// <summary>The administrator's token.</summary>
    public string Token { get; private set; } = "";

    /// <summary>Why there is none, on a machine that lacks the server.</summary>
    public string? Missing { get; private set; }

    public string TokenFile => Path.Combine(Server.Folder, "token");

    public async ValueTask InitializeAsync()
    {
        if (engine == Engine.MySQL && Server.MySqlPrefix is null)
        {
            Missing = "There is no MySQL: scripts/get-mysql fetches one, or set CONNECT_MYSQL_PREFIX.";
            return;
        }
        Server = await Server.StartAsync(engine);
        (Issuer, Asleep, Facebook) = (await FakeIssuer.StartAsync(), await FakeIssuer.StartAsync(), await FakeFacebook.StartAsync());
        Asleep.Sleeps = true;
        await Founder.FoundAsync(BoardNode.SettingsFor(Server, "n1", Server.Folder), TokenFile);
        Token = (await File.ReadAllTextAsync(TokenFile)).Trim();
        A = await BoardNode.StartAsync(Server, "n1", s => s.Web.SignIn = SignIn());
        B = await BoardNode.StartAsync(Server, "n2", s => s.Web.SignIn = SignIn());
        A.Daemon.Meet((B.Settings.Name, B.Daemon.Url));
        B.Daemon.Meet((A.Settings.Name, A.Daemon.Url));
        await A.ReadyAsync();
        await B.ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Missing is not null) return;
        await A.DisposeAsync();
        await B.DisposeAsync();
        await Server.DisposeAsync();
        await Issuer.DisposeAsync();
        await Asleep.DisposeAsync();
        await Facebook.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The one of an engine; a test that needs MySQL on a machine without it is skipped, and says so.</summary>
    public static StageOn Of(string engine, MariaDbStage mariaDb, MySqlStage mysql)
    {
        if (engine == nameof(Engine.MariaDB)) return mariaDb;
        Assert.SkipWhen(mysql.Missing is not null, mysql.Missing ?? "");
        return mysql;
    }

    private SignInSettings[] SignIn() =>
    [
        new() { Name = "example", Title = "Example", Authority = Issuer.Url, ClientId = FakeIssuer.Client, ClientSecret = FakeIssuer.Secret },
        new() { Name = "asleep", Title = "Sleepers", Authority = Asleep.Url, ClientId = FakeIssuer.Client, ClientSecret = FakeIssuer.Secret },
        new() { Name = "facebook", Title = "Facebook", Kind = SignInSettings.Facebook, Authority = Facebook.Url, ClientId = FakeFacebook.Client, ClientSecret = FakeFacebook.Secret },
    ];

    /// <summary>A client with the administrator's token.</summary>
    public HttpClient Admin(BoardNode node) => node.Client(Token);

    /// <summary>A topic of its own for a test.</summary>
    public async Task<Guid> TopicAsync(string title = "A topic", string body = "Its first post")
    {
        using var http = Admin(A);
        var answer = await http.PostAsJsonAsync("/api/v1/channels/general/topics", new { title, body });
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    /// <summary>A token of an ordinary member with this name.</summary>
    public async Task<string> MemberAsync(string name)
    {
        using var http = Admin(A);
        var answer = await http.PostAsJsonAsync("/api/v1/tokens", new { account = name, label = "test" });
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
    }

    /// <summary>Rows of a query by an account that may do anything.</summary>
    public async Task<T> SqlAsync<T>(Func<System.Data.Common.DbConnection, T> query)
    {
        using var database = new Node.Database.Database(new("127.0.0.1", Server.Port), new("tester", "Aa1_tester"), "connect", tls: false, 1);
        return await database.RunAsync(query, TimeSpan.FromSeconds(10));
    }
}

public sealed class MariaDbStage() : StageOn(Engine.MariaDB);

public sealed class MySqlStage() : StageOn(Engine.MySQL);
