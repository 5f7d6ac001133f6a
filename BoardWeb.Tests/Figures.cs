using System.Diagnostics;
using System.Net.Http.Json;
using Connect.BoardWeb.Tests.Stage;
using Connect.Node.Settings;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>Not claims but figures; run them by name: <c>BoardWeb.Tests -explicit only -showLiveOutput</c>.</summary>
public sealed class Figures(MariaDbStage ring, MySqlStage mysql)
{
    [Theory(Explicit = true)]
    [InlineData(Engine.MariaDB)]
    [InlineData(Engine.MySQL)]
    public async Task Latency_of_posts_over_HTTP(Engine engine)
    {
        StageOn stage = engine == Engine.MariaDB ? ring : mysql;
        Assert.SkipWhen(stage.Missing is not null, stage.Missing ?? "");
        var topic = await stage.TopicAsync();
        using var http = stage.Admin(stage.A);
        foreach (var (writers, posts) in new[] { (1, 300), (16, 1600), (64, 3200) })
        {
            var times = new List<double>();
            var left = posts;
            var began = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, writers).Select(async _ =>
            {
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    var sent = Stopwatch.GetTimestamp();
                    (await http.PostAsJsonAsync($"/api/v1/topics/{topic}/posts", new { body = "A post of an ordinary length, with some words in it." })).EnsureSuccessStatusCode();
                    lock (times) times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                }
            }));
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            times.Sort();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{engine}, {writers} writers: {posts / seconds:0}/s, median {times[times.Count / 2]:0.0} ms, p99 {times[times.Count * 99 / 100]:0.0} ms");
        }
        var metrics = await http.GetStringAsync("/metrics");
        foreach (var line in metrics.Split('\n').Where(l => l.Contains("_sum", StringComparison.Ordinal) || l.Contains("_count", StringComparison.Ordinal)))
            TestContext.Current.TestOutputHelper?.WriteLine(line);
    }
}
