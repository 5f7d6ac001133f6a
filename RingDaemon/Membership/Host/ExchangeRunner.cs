using System.Collections.Concurrent;
using System.Collections.Immutable;
using Connect.Node.Security;
using Connect.RingDaemon.Membership.Wire;

namespace Connect.RingDaemon.Membership;

/// <summary>
/// Full exchanges over TCP, both sides. As client: a few at a time, one for each member; what comes back goes into the inbox. As server: takes the state of the
/// peer and gives ours.
/// </summary>
internal sealed class ExchangeRunner(
    string me, IClusterKeys keys, string cluster, IExchangeClient client, Inbox inbox, Func<ImmutableArray<MemberReport>> reports, TimeProvider time) : IDisposable
{
    private const int MaximumRunning = 16;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPauseOnceIn = TimeSpan.FromMinutes(1); // an address of somebody who left long ago is asked for ever

    // Two purposes, so that a captured question can never be played back as an answer.
    private readonly SealedPackets _questions = new(keys, cluster, "exchange", WireLimits.Exchange, time);
    private readonly SealedPackets _answers = new(keys, cluster, "exchange-answer", WireLimits.Exchange, time);
    private readonly ConcurrentDictionary<string, bool> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();

    public PacketStats Stats
    {
        get
        {
            var (q, a) = (_questions.Stats, _answers.Stats);
            return new(q.Opened + a.Opened, q.Garbage + a.Garbage, q.WrongKey + a.WrongKey, q.Replayed + a.Replayed, q.Stale + a.Stale, q.TooLarge + a.TooLarge);
        }
    }

    /// <summary>How long a node that looks for its ring waits before it asks again for the first time.</summary>
    public static TimeSpan FirstPause { get; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long it waits after this pause.</summary>
    public static TimeSpan PauseAfter(TimeSpan pause, bool joined) =>
        TimeSpan.FromTicks(Math.Min((pause * 1.5).Ticks, (joined ? LongestPauseOnceIn : LongestPause).Ticks));

    /// <summary>Starts one in the background, unless one with this member runs or too many do: the core asks again anyway.</summary>
    public void Begin(ExchangeWith wanted)
    {
        if (_running.Count >= MaximumRunning || !_running.TryAdd(wanted.Name, true)) return;
        _ = Task.Run(async () =>
        {
            try
            {
                var answer = await Ask(wanted.DaemonUrl);
                if (answer.Refused) inbox.Post(new ExchangeRefused(wanted.Name, wanted.Incarnation));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // Closing.
            }
            finally
            {
                _running.TryRemove(wanted.Name, out _);
            }
        });
    }

    /// <summary>
    /// Tries the seeds, quickly until one answers; then each of the others until it has answered or gossip knows it. Two groups whose members were started at the same
    /// moment, and found each other first, would otherwise never hear of one another.
    /// </summary>
    public async Task Join(IReadOnlyList<string> seeds)
    {
        var (pause, open, joined) = (FirstPause, seeds.ToList(), false);
        try
        {
            while (open.Count > 0 && !_stop.IsCancellationRequested)
            {
                foreach (var seed in seeds.Where(open.Contains))
                {
                    if (!(joined && Knows(seed)) && (await Ask(seed)).Body is null) continue;
                    joined = true;
                    open.Remove(seed);
                }
                await Task.Delay(pause, time, _stop.Token);
                pause = PauseAfter(pause, joined);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // Closing.
        }
    }

    /// <summary>The server side: null for a body that is not from this cluster.</summary>
    public byte[]? Answer(ReadOnlySpan<byte> body) => Receive(_questions, body) ? _answers.Seal(ExchangeCodec.Encode(me, reports())) : null;

    public void Dispose()
    {
        _stop.Cancel();
        _questions.Dispose();
        _answers.Dispose();
        _stop.Dispose();
    }

    private bool Knows(string daemonUrl) => reports().Any(report => report.Facts.DaemonUrl == daemonUrl);

    /// <returns>The answer, with no body unless it was a good one.</returns>
    private async Task<ExchangeAnswer> Ask(string daemonUrl)
    {
        var answer = await client.ExchangeAsync(daemonUrl, _questions.Seal(ExchangeCodec.Encode(me, reports())), _stop.Token);
        return answer.Body is { } body && !Receive(_answers, body) ? new(null, false) : answer;
    }

    private bool Receive(SealedPackets seal, ReadOnlySpan<byte> body)
    {
        if (!seal.TryOpen(body, out var content)) return false;
        if (ExchangeCodec.TryDecode(content, out var exchanged)) return inbox.Post(exchanged);
        seal.CountGarbage();
        return false;
    }
}
