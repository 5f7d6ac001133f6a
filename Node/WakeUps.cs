namespace Connect.Node;

/// <summary>For a loop that waits until there is something to do, on a semaphore that holds one at the most.</summary>
public static class WakeUps
{
    /// <summary>Wakes the loop, or keeps it from waiting the next time. Calls that come before it has noticed are one.</summary>
    public static void Wake(this SemaphoreSlim waiting)
    {
        if (waiting.CurrentCount > 0) return;
        try
        {
            waiting.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else woke it in the meantime.
        }
    }
}
