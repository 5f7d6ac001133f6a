using Connect.LoadTests.Posting;

namespace Connect.LoadTests.Nemesis;

/// <summary>One fault, and what became of the ring. Times are seconds from the beginning of the run.</summary>
public sealed record FaultResult
{
    public required int Number { get; init; }

    public required string Kind { get; init; }

    public required string Story { get; init; }

    /// <summary>When people began to post.</summary>
    public required double LoadFrom { get; init; }

    public double Began { get; set; }

    /// <summary>When mending began.</summary>
    public double Mending { get; set; }

    /// <summary>When the ring was whole: all alive and with readers, closed, converged, in every daemon's eyes. Null: never.</summary>
    public double? Whole { get; set; }

    /// <summary>When the copies had been found equal and the ledger complete.</summary>
    public double? Checked { get; set; }

    /// <summary>From the first step of mending to a whole ring.</summary>
    public double? HealSeconds => Whole - Mending;

    /// <summary>Posts answered with 201.</summary>
    public int Acknowledged { get; set; }

    /// <summary>Posts answered with 201 that no other node held, as the answer itself says.</summary>
    public int AcknowledgedAlone { get; set; }

    /// <summary>Posts answered with 202.</summary>
    public int Pending { get; set; }

    /// <summary>Posts of which their client never heard.</summary>
    public int Unknown { get; set; }

    /// <summary>Requests that failed (and were sent again).</summary>
    public int FailedRequests { get; set; }

    /// <summary>How they failed (a status, or a word of the client), and how often.</summary>
    public IReadOnlyDictionary<string, int> Failures { get; set; } = new Dictionary<string, int>();

    /// <summary>Posts answered with 202 that went with a disk: allowed, and counted.</summary>
    public int PendingLost { get; set; }

    public IReadOnlyList<LedgerFault> Lost { get; set; } = [];

    public IReadOnlyList<LedgerFault> Doubled { get; set; } = [];

    /// <summary>Tables whose copies differ.</summary>
    public IReadOnlyList<string> Diverged { get; set; } = [];

    /// <summary>Daemons and boards that ended although nobody had killed them.</summary>
    public List<string> Died { get; } = [];

    /// <summary>Somebody had to do more than to start what was stopped.</summary>
    public bool ByOperator { get; set; }

    public IReadOnlyList<string> Notes { get; set; } = [];

    /// <summary>What must not be; empty if all is well.</summary>
    public string Violation { get; set; } = "";
}
