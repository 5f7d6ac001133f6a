using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using AngleSharp.Html.Parser;
using Connect.BoardWeb.Tests.Stage;
using Connect.BoardWeb.Topics;
using Connect.Node.Database;
using Dapper;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>The order of a channel's topics.</summary>
public sealed class TopicDirectoryTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private static readonly Guid Here = Guid.NewGuid(), There = Guid.NewGuid();
    private readonly Uuid7 _ids = new(TimeProvider.System);

    [Fact]
    public void Topics_stand_by_their_newest_posts_and_move_with_them()
    {
        var table = new TopicTable();
        var topics = Enumerable.Range(0, 7).Select(_ => _ids.Next()).ToList();
        foreach (var topic in topics) table.Set(new(topic, Here, topic, false, false, false));
        var post = _ids.Next();
        Assert.True(table.Posted(topics[2], post));
        Assert.True(table.Posted(topics[2], topics[3])); // an older one, that came late
        Assert.False(table.Posted(Guid.NewGuid(), _ids.Next()));
        Assert.Equal([topics[2], topics[6], topics[5]], Recent(table, null, 3));
        Assert.Equal([topics[4], topics[3], topics[1]], Recent(table, topics[5], 3));
        Assert.Equal([topics[0]], Recent(table, topics[1], 3));
        table.Set(new(topics[5], Here, topics[5], Pinned: true, false, false));
        table.Set(new(topics[4], Here, topics[4], false, Hidden: true, false));
        table.Set(new(topics[3], There, topics[3], false, false, false));
        table.Repeats(topics[1]);
        table.Set(new(topics[2], Here, topics[2], false, false, false)); // read anew before its newest post was seen
        Assert.Equal([topics[2], topics[6], topics[0]], Recent(table, null, 9));
        Assert.Equal([topics[2], topics[6], topics[4], topics[0]], table.Recent(Here, withHidden: true, null, 9).Select(p => p.Topic));
        Assert.Equal(new(topics[2], post), table.Recent(Here, false, null, 1)[0]);
        Assert.Equal([topics[5]], table.Pinned(Here, false, 9).Select(p => p.Topic));
        Assert.Equal([topics[3]], table.Recent(There, false, null, 9).Select(p => p.Topic));
        Assert.Empty(table.Recent(Guid.NewGuid(), false, null, 9));
        Assert.Equal(post, table.Latest(Here));
        table.Set(new(topics[2], Here, post, false, Hidden: true, false));
        Assert.Equal(topics[6], table.Latest(Here));
        var pinned = _ids.Next();
        table.Posted(topics[5], pinned);
        Assert.Equal(pinned, table.Latest(Here));
        Assert.Null(table.Latest(Guid.NewGuid()));
    }

    [Theory]
    [InlineData("MariaDB")]
    [InlineData("MySQL")]
    public async Task Two_topics_of_one_request_are_one_whichever_arrives_first(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        foreach (var earlierFirst in new[] { true, false })
        {
            var slug = await ChannelAsync(stage);
            var channel = await stage.SqlAsync(c => c.ExecuteScalar<byte[]>("SELECT id FROM channel WHERE slug = @slug", new { slug }));
            var (key, earlier, later) = (Guid.NewGuid().ToByteArray().Concat(new byte[16]).ToArray(), _ids.Next(), _ids.Next());
            foreach (var id in earlierFirst ? [earlier, later] : new[] { later, earlier })
            {
                await stage.SqlAsync(c => c.Execute("INSERT INTO topic (id,node,channel_id,author_id,title,request_key) VALUES (@id,@node,@channel,@channel,'Once',@key); "
                    + "INSERT INTO post (id,node,topic_id,author_id,body) VALUES (@post,@node,@id,@channel,'x')",
                    new { id = Uuid7.ToBytes(id), post = Uuid7.ToBytes(_ids.Next()), channel, key, node = id == earlier ? 4711 : 4712 }));
                Assert.Single(await TopicsAsync(stage, slug));
            }
            Assert.Equal(earlier, Assert.Single(await TopicsAsync(stage, slug)));
        }
    }

    [Theory]
    [InlineData("MariaDB")]
    [InlineData("MySQL")]
    public async Task The_front_page_says_when_a_channel_was_last_written_in_as_everybody_sees_it(string engine)
    {
        var stage = StageOn.Of(engine, mariaDb, mysql);
        using var admin = stage.Admin(stage.A);
        var (slug, to) = (await ChannelAsync(stage), await ChannelAsync(stage));
        Assert.Null(await NewestAsync(slug));
        var topic = await IdAsync($"/api/v1/channels/{slug}/topics", new { title = "Written in", body = "first" });
        var answer = At(await IdAsync($"/api/v1/topics/{topic}/posts", new { body = "second" }));
        await SaysAsync(slug, answer);
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { channel = to })).EnsureSuccessStatusCode();
        await SaysAsync(slug, null);
        await SaysAsync(to, answer);
        (await admin.PatchAsJsonAsync($"/api/v1/topics/{topic}", new { hidden = true })).EnsureSuccessStatusCode();
        await SaysAsync(to, null);

        Task SaysAsync(string of, DateTimeOffset? newest) => Wait.UntilAsync(async () => await NewestAsync(of) == newest, TimeSpan.FromSeconds(10), $"the front page says {newest} of {of}");

        async Task<Guid> IdAsync(string address, object body) => (await (await admin.PostAsJsonAsync(address, body)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

        static DateTimeOffset? At(Guid id) => Uuid7.TimeOf(id);

        async Task<DateTimeOffset?> NewestAsync(string of)
        {
            var page = await new HtmlParser().ParseDocumentAsync(await admin.GetStringAsync("/"));
            return page.QuerySelector($"li:has(a[href='/c/{of}']) time")?.GetAttribute("datetime") is { } at ? DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) : null;
        }
    }

    /// <summary>What arrived is on the page that is asked for afterwards, whoever looks at the same time.</summary>
    [Fact]
    public async Task A_page_shows_everything_that_was_there_before_it()
    {
        var slug = await ChannelAsync(mariaDb);
        using var admin = mariaDb.Admin(mariaDb.A);
        using var stop = new CancellationTokenSource();
        var others = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await mariaDb.B.Service<TopicDirectory>().CurrentAsync(CancellationToken.None);
        });
        for (var i = 0; i < 30; i++)
        {
            var made = await (await admin.PostAsJsonAsync($"/api/v1/channels/{slug}/topics", new { title = $"Topic {i}", body = "x" })).Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal(made.GetProperty("id").GetGuid(), (await TopicsAsync(mariaDb, slug))[0]);
        }
        await stop.CancelAsync();
        await others;
    }

    private static IEnumerable<Guid> Recent(TopicTable table, Guid? before, int limit) => table.Recent(Here, withHidden: false, before, limit).Select(p => p.Topic);

    private static async Task<string> ChannelAsync(StageOn stage)
    {
        using var admin = stage.Admin(stage.A);
        var slug = $"d-{Guid.NewGuid():N}"[..20];
        (await admin.PostAsJsonAsync("/api/v1/channels", new { slug, title = "Directory" })).EnsureSuccessStatusCode();
        return slug;
    }

    private static async Task<List<Guid>> TopicsAsync(StageOn stage, string slug)
    {
        using var admin = stage.Admin(stage.B);
        return [.. (await admin.GetFromJsonAsync<JsonElement>($"/api/v1/channels/{slug}/topics")).GetProperty("items").EnumerateArray().Select(t => t.GetProperty("id").GetGuid())];
    }
}
