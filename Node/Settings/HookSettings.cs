namespace Connect.Node.Settings;

/// <summary>Where webhooks may go, and how patiently. The same on every node.</summary>
public sealed class HookSettings
{
    /// <summary>Addresses of this machine may be called, also by plain http. False by default.</summary>
    public bool AllowLoopback { get; set; }

    /// <summary>Addresses of private networks may be called, by https. False by default.</summary>
    public bool AllowPrivate { get; set; }

    /// <summary>The pause before a delivery is tried again, in seconds; each further one is three times as long, six hours at the most. 10.</summary>
    public double RetrySeconds { get; set; } = 10;

    /// <summary>How long a receiver may take for its answer, in seconds. 10.</summary>
    public double TimeoutSeconds { get; set; } = 10;

    /// <summary>After so many failures in a row a webhook is switched off. 50.</summary>
    public int MaxFailures { get; set; } = 50;

    /// <summary>What is wrong with these, in words for an operator.</summary>
    public IEnumerable<string> Faults()
    {
        if (RetrySeconds is not (>= 0.05 and <= 3600)) yield return "hooks:retrySeconds must be 0.05 to 3600";
        if (TimeoutSeconds is not (>= 0.1 and <= 60)) yield return "hooks:timeoutSeconds must be 0.1 to 60";
        if (MaxFailures is < 3 or > 1000) yield return "hooks:maxFailures must be 3 to 1000";
    }
}
