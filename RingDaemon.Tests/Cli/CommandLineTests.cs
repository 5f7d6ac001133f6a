using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Cli;
using Connect.RingDaemon.Local;
using Connect.RingDaemon.Tests.Local;
using Xunit;

namespace Connect.RingDaemon.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("fly")]
    [InlineData("up --nodes 0")]
    [InlineData("up --nodes 33")]
    [InlineData("up --engine oracle")]
    [InlineData("up --port 80")]
    [InlineData("kill")]
    [InlineData("kill n1 --what disk")]
    [InlineData("kill n1 --signal HUP")]
    [InlineData("maintenance maybe n1")]
    [InlineData("audit --limit 0")]
    [InlineData("token create")]
    [InlineData("export --format mbox")]
    [InlineData("export --format jsonl --channel general")]
    [InlineData("export --out /tmp")]
    [InlineData("import")]
    [InlineData("import /nowhere.mbox")]
    [InlineData("import /dev/null --format mbox")]
    [InlineData("import /dev/null --format mbox --channel Not_a_slug")]
    [InlineData("import /dev/null --format jsonl --channel general")]
    [InlineData("import /dev/null --format csv")]
    [InlineData("key")]
    [InlineData("key rotate --without")]
    [InlineData("tls init")]
    [InlineData("tls issue n1 --folder /nowhere")]
    [InlineData("tls issue ca --folder /nowhere --host 10.0.0.1")]
    [InlineData("tls issue n1 --folder /nowhere --host 10.0.0.1 --days 0")]
    [InlineData("status --node not-an-address --key-file /nowhere")]
    [InlineData("status --node http://127.0.0.1:1 --data /tmp")]
    [InlineData("join --node http://127.0.0.1:1")]
    public async Task Wrong_usage_is_exit_code_2_and_says_why(string line)
    {
        var (code, output, error) = await RunAsync(line.Split(' '));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.StartsWith("connect: ", error, StringComparison.Ordinal);
        Assert.Empty(output);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("topology")]
    [InlineData("kill n1")]
    [InlineData("start n1")]
    [InlineData("logs n1")]
    [InlineData("join")]
    [InlineData("key rotate")]
    public async Task A_folder_without_a_ring_is_exit_code_1_and_says_how_to_start_one(string line)
    {
        var (code, _, error) = await RunAsync([.. line.Split(' '), "--data", _temporary.Path]);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("./connect up", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_is_made_once_and_issues_again_and_again()
    {
        var folder = _temporary.At("ca");
        Assert.Equal(ExitCodes.Failed, (await RunAsync(["tls", "issue", "n1", "--host", "10.0.0.1", "--folder", folder])).Code);
        Assert.Equal(ExitCodes.Done, (await RunAsync(["tls", "init", "--folder", folder])).Code);
        var authority = await File.ReadAllTextAsync(Path.Combine(folder, "ca.crt"));
        Assert.Equal(ExitCodes.Failed, (await RunAsync(["tls", "init", "--folder", folder])).Code);
        for (var i = 0; i < 2; i++) Assert.Equal(ExitCodes.Done, (await RunAsync(["tls", "issue", "n1", "--host", "10.0.0.1", "--host", "n1.example", "--folder", folder])).Code);
        Assert.Contains("neither an address nor", (await RunAsync(["tls", "issue", "n1", "--host", "no host", "--folder", folder])).Error, StringComparison.Ordinal);
        Assert.Equal(authority, await File.ReadAllTextAsync(Path.Combine(folder, "ca.crt")));
        Assert.All(["ca.key", "n1.key"], key => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, key))));
    }

    [Fact]
    public async Task Down_where_nothing_is_succeeds()
    {
        var (code, output, _) = await RunAsync(["down", "--data", _temporary.At("nothing")]);
        Assert.Equal(ExitCodes.Done, code);
        Assert.StartsWith("There is no ring in", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ring_whose_daemons_are_silent_is_exit_code_3_with_what_the_folder_knows()
    {
        Stopped();
        var (code, output, error) = await RunAsync(["status", "--data", _temporary.Path, "--json"]);
        Assert.Equal(ExitCodes.Unhealthy, code);
        Assert.Contains("None of 2 daemons answers", error, StringComparison.Ordinal);
        var report = RingReport.From(System.Text.Json.Nodes.JsonNode.Parse(output)!);
        Assert.Equal(["n1", "n2"], report.Nodes.Select(n => n.Name));
        Assert.All(report.Nodes, n => Assert.False(n.Mysql.Up || n.Web.Up || n.Daemon.Up));
    }

    [Fact]
    public async Task A_dry_run_of_kill_kills_nobody_and_names_the_signal()
    {
        Stopped();
        var (code, output, _) = await RunAsync(["kill", "n2", "--signal", "STOP", "--dry-run", "--data", _temporary.Path]);
        Assert.Equal((ExitCodes.Done, "Would send SIGSTOP to node of n2.\n"), (code, output));
    }

    [Fact]
    public async Task A_newcomer_with_another_engine_is_refused_before_anything_is_made()
    {
        Stopped(RingPhase.Running);
        var (code, _, error) = await RunAsync(["join", "--engine", "mysql", "--data", _temporary.Path]);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("This ring runs on MariaDB", error, StringComparison.Ordinal);
        Assert.Equal(2, RingDescription.Load(new(_temporary.Path)).Nodes.Count);
    }

    [Fact]
    public async Task A_newcomer_with_the_key_of_another_cluster_is_refused()
    {
        Stopped(RingPhase.Running);
        var key = _temporary.At("other.key");
        Connect.Node.Security.ClusterKeys.Create(key);
        var (code, _, error) = await RunAsync(["join", "--key-file", key, "--data", _temporary.Path]);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("key of another cluster", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("up")]
    [InlineData("down")]
    [InlineData("kill")]
    [InlineData("start")]
    [InlineData("logs")]
    [InlineData("status")]
    [InlineData("topology")]
    [InlineData("members")]
    [InlineData("join")]
    [InlineData("leave")]
    [InlineData("rejoin")]
    [InlineData("maintenance")]
    [InlineData("checksum")]
    [InlineData("repair")]
    [InlineData("audit")]
    [InlineData("explain")]
    [InlineData("token create")]
    [InlineData("tls init")]
    [InlineData("tls issue")]
    [InlineData("key rotate")]
    [InlineData("daemon")]
    public async Task Every_verb_shows_examples(string verb)
    {
        var (code, output, _) = await RunAsync([.. verb.Split(' '), "--help"]);
        Assert.Equal(ExitCodes.Done, code);
        Assert.Contains("Examples:\n  ", output, StringComparison.Ordinal);
        Assert.Contains("./connect " + verb, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("down")]
    [InlineData("kill")]
    [InlineData("start")]
    [InlineData("join")]
    [InlineData("leave")]
    [InlineData("rejoin")]
    [InlineData("maintenance")]
    [InlineData("repair")]
    public async Task Every_verb_that_changes_something_has_a_dry_run(string verb) =>
        Assert.Contains("--dry-run", (await RunAsync([verb, "--help"])).Output, StringComparison.Ordinal);

    [Theory]
    [InlineData("--table", "post")]
    [InlineData("--trust", "n2", "--key", "00")]
    public async Task Repair_wants_to_know_which_rows_and_whose(params string[] options) =>
        Assert.Equal(ExitCodes.Usage, (await RunAsync(["repair", .. options])).Code);

    [Fact]
    public void Watching_prints_what_each_node_lacks_and_a_checksum_names_the_rows()
    {
        var look = System.Text.Json.Nodes.JsonNode.Parse("""
            { "equal": false, "nodes": [ { "node": "n1", "transactions": 0, "rows": 0 }, { "node": "n2", "transactions": 123456, "rows": 12 } ], "conflicts": 1, "atLeast": true, "unheard": ["n3"] }
            """)!;
        var (heading, line) = Connect.RingDaemon.Cli.Verbs.ChecksumVerb.WatchLine(look, TimeSpan.FromSeconds(1.25));
        Assert.Equal(" SECONDS       N1 TX      ROWS       N2 TX      ROWS  NOTE", heading);
        Assert.Equal("     1.3           0         0      123456        12  1 rows have two contents; or more; n3 did not answer", line);

        using var output = new StringWriter();
        Connect.RingDaemon.Cli.Verbs.ChecksumVerb.Write(output, Terminal.Of(output), System.Text.Json.Nodes.JsonNode.Parse("""
            { "equal": false, "note": "", "tables": [ { "table": "post", "equal": false, "digests": { "n1": "aaaaaaaaaaaaaaaa", "n2": "bbbbbbbbbbbbbbbb" }, "rows": { "n1": 2, "n2": 2 } } ],
              "differences": [ { "table": "post", "key": "0a", "missing": ["n2"], "contents": { "n1": "1111111111111111" } },
                               { "table": "post", "key": "0b", "missing": [], "contents": { "n1": "2222222222222222", "n2": "3333333333333333" } } ], "moreDifferences": true }
            """)!);
        var text = output.ToString();
        Assert.Matches("(?m)^post +0a +n2", text);
        Assert.Matches("(?m)^post +0b +- +n1: 22222222; n2: 33333333", text);
        Assert.Contains("and more that were not looked for", text, StringComparison.Ordinal);
    }

    private void Stopped(RingPhase phase = RingPhase.Stopped)
    {
        var folder = new RingFolder(_temporary.Path);
        (RingDescription.New(Engine.MariaDB, 47_080, 2, "ring-a") with { Phase = phase, Founded = true }).Save(folder);
        Connect.Node.Security.ClusterKeys.Create(folder.KeyFile);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
