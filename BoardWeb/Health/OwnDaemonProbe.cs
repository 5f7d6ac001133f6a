using System.Diagnostics;
using Connect.BoardWeb.Ring;
using Connect.BoardWeb.Sending;
using Connect.BoardWeb.Writes;

namespace Connect.BoardWeb.Health;

/// <summary>Asks the own daemon twice a second what the node does. A daemon that is silent for two seconds, or says no, makes the board not ready.</summary>
public sealed class OwnDaemonProbe(IRingDaemonClient daemon, NodeNames names, SenderTurn turn) : BackgroundService, IWriteGate
{
    // While the node is out, it is asked more often: it should be back as soon as it may.
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500), EveryWhileOut = TimeSpan.FromMilliseconds(100), Fresh = TimeSpan.FromSeconds(2);

    private long _answered;
    private volatile string? _fault = "The own daemon has not been asked yet.";
    /// <summary>Why, in the language of whoever asks.</summary>
    private volatile Func<string>? _closed = () => T["NodeJustStarted"];
    private volatile Func<string>? _readOnly;
    private volatile string _silence = "";

    /// <summary>What is wrong, or null.</summary>
    public string? Fault => _fault
        ?? (IsFresh ? null : $"The own daemon has been silent for 2 s. {_silence}".TrimEnd());

    /// <inheritdoc/>
    public string? Closed => _closed?.Invoke() ?? (IsFresh ? null : T["NodeDaemonSilent"]);

    /// <inheritdoc/>
    public string? WhyOnlyRead => IsFresh ? _readOnly?.Invoke() : null;

    private bool IsFresh => Stopwatch.GetElapsedTime(Interlocked.Read(ref _answered)) <= Fresh;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await AskAsync(stoppingToken);
                await Task.Delay(_fault is null ? Every : EveryWhileOut, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }

    private async Task AskAsync(CancellationToken cancel)
    {
        try
        {
            var report = await daemon.NodeAsync(cancel);
            names.Learn(report);
            turn.Learn(report);
            Interlocked.Exchange(ref _answered, Stopwatch.GetTimestamp());
            _readOnly = report.ReadOnly is { } why ? () => T["NodeReadOnly", report.Name, why] : null;
            _closed = report.Writable ? null : _readOnly ?? (() => T["NodeTakesNothing", report.State]);
            _fault = report.Serving ? null : $"The own daemon says this node does not serve ({report.State}): {report.Why}";
        }
        catch (RingDaemonException e)
        {
            _silence = e.Message;
            if (Interlocked.Read(ref _answered) == 0) _fault = e.Message;
        }
    }
}
