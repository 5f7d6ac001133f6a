using System.Globalization;
using System.Text;

namespace Connect.BoardWeb.Metrics;

/// <summary>What this board counts; <c>GET /metrics</c> shows it as Prometheus text. Durations are in seconds.</summary>
public sealed class BoardMetrics
{
    private static readonly double[] Latencies = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

    private readonly Counter[] _requests = [new(), new(), new(), new(), new()];
    private int _subscribers;

    public Counter Writes { get; } = new();

    public Counter Posts { get; } = new();

    public Counter WritesRefused { get; } = new();

    public Counter CommitRetries { get; } = new();

    public Counter AcksPending { get; } = new();

    public Counter Arrivals { get; } = new();

    public Counter EventsDropped { get; } = new();

    public Counter RateLimited { get; } = new();

    public Counter ReadMarksDropped { get; } = new();

    public Counter MailsSent { get; } = new();

    public Counter MailsFailed { get; } = new();

    public Counter HooksDelivered { get; } = new();

    public Counter HooksFailed { get; } = new();

    public Histogram BatchSize { get; } = new(1, 2, 5, 10, 25, 50, 100, 250);

    public Histogram Commit { get; } = new(Latencies);

    public Histogram Ack { get; } = new(Latencies);

    /// <summary>From the making of a post's id (on any node, by its clock) to the moment this node pushed it.</summary>
    public Histogram ArrivalDelay { get; } = new(Latencies);

    public int Subscribers => Volatile.Read(ref _subscribers);

    public void SubscriberCame() => Interlocked.Increment(ref _subscribers);

    public void SubscriberLeft() => Interlocked.Decrement(ref _subscribers);

    public void Answered(int status) => _requests[Math.Clamp(status / 100 - 1, 0, 4)].Add();

    /// <param name="gauges">Further values that are read at this moment.</param>
    public string ToText(params (string Name, string Help, double Value)[] gauges)
    {
        var text = new StringBuilder();
        Head("connect_board_requests_total", "Requests answered, by class of status.", "counter");
        for (var i = 0; i < _requests.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"connect_board_requests_total{{status=\"{i + 1}xx\"}} {_requests[i].Value}\n");
        Count("connect_board_writes_total", "Writes committed.", Writes);
        Count("connect_board_posts_total", "Posts committed.", Posts);
        Count("connect_board_writes_refused_total", "Writes refused because the queue was full or the server did not answer.", WritesRefused);
        Count("connect_board_commit_retries_total", "Batches that were tried again after their outcome was unknown.", CommitRetries);
        Count("connect_board_acks_pending_total", "Batches whose copies were still pending when the wait was over.", AcksPending);
        Count("connect_board_arrivals_total", "Posts seen arriving while somebody listened.", Arrivals);
        Count("connect_board_live_dropped_total", "Live events dropped because a reader was too slow.", EventsDropped);
        Count("connect_board_rate_limited_total", "Requests over a limit.", RateLimited);
        Count("connect_board_read_marks_dropped_total", "Notes of how far somebody has read that could not be written.", ReadMarksDropped);
        Count("connect_board_mails_sent_total", "Mails that the mail server took.", MailsSent);
        Count("connect_board_mails_failed_total", "Attempts to send a mail that it did not take, or that nobody knows of.", MailsFailed);
        Count("connect_board_hooks_delivered_total", "Deliveries of webhooks that were taken.", HooksDelivered);
        Count("connect_board_hooks_failed_total", "Deliveries of webhooks that were not taken.", HooksFailed);
        Distribution("connect_board_batch_writes", "Writes in a batch.", BatchSize);
        Distribution("connect_board_commit_seconds", "One batch: from its begin to its commit.", Commit);
        Distribution("connect_board_ack_seconds", "One batch: from its commit to the answer about its copies.", Ack);
        Distribution("connect_board_arrival_seconds", "One post: from its id's time to this node pushing it.", ArrivalDelay);
        foreach (var (name, help, value) in gauges.Prepend(("connect_board_live_subscribers", "Readers with an open live stream.", Subscribers)))
        {
            Head(name, help, "gauge");
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }
        return text.ToString();

        void Head(string name, string help, string type) => text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Count(string name, string help, Counter counter)
        {
            Head(name, help, "counter");
            text.Append(CultureInfo.InvariantCulture, $"{name} {counter.Value}\n");
        }

        void Distribution(string name, string help, Histogram histogram)
        {
            Head(name, help, "histogram");
            histogram.Write(text, name);
        }
    }
}
