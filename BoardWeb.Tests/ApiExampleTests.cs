using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Connect.BoardWeb.Tests.Stage;
using Connect.RingDaemon.Local;
using Xunit;

namespace Connect.BoardWeb.Tests;

/// <summary>The examples of docs/api.md are a script that works, and leave no call out.</summary>
public sealed partial class ApiExampleTests(MariaDbStage mariaDb, MySqlStage mysql)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>What another site would have to begin, or a mail server to bring.</summary>
    private static readonly string[] SaidInWords = ["DELETE /logins/{id}", "DELETE /passkeys/{id}", "PUT /mail/address", "POST /mail/confirm"];

    public static TheoryData<string> Engines => new("MariaDB", "MySQL");

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Every_example_does_what_it_says(string engine)
    {
        StageOn ring = engine == "MySQL" ? mysql : mariaDb;
        Assert.SkipWhen(ring.Missing is not null, ring.Missing ?? "");
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var token = Path.Combine(folder.FullName, "token");
            await File.WriteAllTextAsync(token, ring.Token, TestContext.Current.CancellationToken);
            var script = Path.Combine(folder.FullName, "examples.sh");
            await File.WriteAllTextAsync(script, string.Join("\n", Blocks()), TestContext.Current.CancellationToken);
            var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-x", script]) { RedirectStandardOutput = true, RedirectStandardError = true };
            (start.Environment["BOARD"], start.Environment["TOKEN_FILE"], start.Environment["BASH_XTRACEFD"]) = (ring.A.Url, token, "2");
            using var run = Process.Start(start)!;
            var (said, trace) = (run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(Patience);
            try
            {
                await run.WaitForExitAsync(limit.Token);
            }
            finally
            {
                if (!run.HasExited) run.Kill(entireProcessTree: true);
            }
            Assert.True(run.ExitCode == 0, $"an example failed ({run.ExitCode}):\n{string.Join('\n', (await trace).Split('\n').TakeLast(12))}\n{string.Join('\n', (await said).Split('\n').TakeLast(12))}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task No_call_is_without_an_example()
    {
        using var guest = mariaDb.A.Client();
        var document = await guest.GetFromJsonAsync<JsonElement>("/openapi/v1.json", TestContext.Current.CancellationToken);
        Assert.StartsWith("3.1.", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var calls = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Where(o => o.Value.ValueKind == JsonValueKind.Object)
            .Select(o => $"{o.Name.ToUpperInvariant()} {p.Name.Replace("/api/v1", "", StringComparison.Ordinal)}")).ToList();
        Assert.True(calls.Count > 40, $"only {calls.Count} calls are described");
        var examples = Blocks().SelectMany(b => Call().Matches(b)).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value}").ToList();
        var without = calls.Except(SaidInWords).Where(call => !examples.Any(e => Regex.IsMatch(e, $"^{Regex.Replace(Regex.Escape(call), @"\\\{[^/]+}", "[^/]+")}$", RegexOptions.None, TimeSpan.FromSeconds(1)))).ToList();
        Assert.True(without.Count == 0, $"docs/api.md has no example of {string.Join(", ", without)}");
        foreach (var call in SaidInWords) Assert.Contains($"`{call}`", Text(), StringComparison.Ordinal);
    }

    private static string Text() => File.ReadAllText(Path.Combine(Programs.Repository, "docs", "api.md"));

    private static IEnumerable<string> Blocks() => Block().Matches(Text()).Select(m => m.Groups[1].Value);

    [GeneratedRegex("^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex("""api (GET|POST|PUT|PATCH|DELETE) ["']?(/[^\s"'?]+)""")]
    private static partial Regex Call();
}
