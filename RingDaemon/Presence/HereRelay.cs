using Connect.Node;
using Connect.Node.Presence;
using Connect.Node.Settings;
using Connect.RingDaemon.Api;
using Connect.RingDaemon.Membership;

namespace Connect.RingDaemon.Presence;

/// <summary>Tells the other daemons who is on the pages of this node's board, when <see cref="HereBook"/> says so. Nobody is asked twice: who does not take it hears it the next time.</summary>
public sealed class HereRelay(HereBook book, IMembership membership, MemberClient client, NodeSettings settings) : BackgroundService
{
    /// <summary>For each call. 1 s.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);

    /// <summary>Calls at the same time.</summary>
    private const int AtOnce = 8;

    private readonly SemaphoreSlim _wake = new(0, 1);
    private long _calls;

    /// <summary>Calls that were made to others.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>Takes what the own board says, and answers with who is on the others'.</summary>
    public HereAnswer Tell(HereTold told)
    {
        if (book.Tell(HereTopic.Sound(told.Topics))) _wake.Wake();
        return new(book.Others((told.Asked ?? []).Take(HereTopic.MaxTopics), Lives));
    }

    /// <summary>Takes what another member's daemon says. False if there is no such member.</summary>
    public bool Hear(HereOfMember said)
    {
        if (said.From is not { } from || from == settings.Name || !Lives(from)) return false;
        book.Heard(from, HereTopic.Sound(said.Topics));
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var others = membership.Current.Members.Where(m => m.Name != settings.Name && Lives(m)).Select(m => m.Facts.DaemonUrl).ToList();
                if (book.UntilDue(others.Count) is not { } wait) await _wake.WaitAsync(stoppingToken);
                else if (wait > TimeSpan.Zero) await _wake.WaitAsync(wait, stoppingToken);
                else await TellAsync(others, book.Take(), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    private Task TellAsync(List<string> others, IReadOnlyList<HereTopic> topics, CancellationToken cancel) =>
        Parallel.ForEachAsync(others, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (url, token) =>
        {
            Interlocked.Increment(ref _calls);
            await client.PostAsync<HereTaken>(url, "/v1/here/member", new HereOfMember(settings.Name, topics), Deadline, token);
        });

    private bool Lives(string name) => membership.Current.Find(name) is { } member && Lives(member);

    private static bool Lives(Member member) => member.Liveness is Liveness.Alive or Liveness.Suspect;
}

/// <summary>The answer to another daemon.</summary>
/// <param name="Taken">Always true.</param>
public sealed record HereTaken(bool Taken);
