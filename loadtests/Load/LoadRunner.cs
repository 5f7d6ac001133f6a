namespace Connect.LoadTests.Load;

/// <summary>Runs a scenario.</summary>
public static class LoadRunner
{
    /// <summary>After the last due time, requests under way get so long to end; what is still under way then counts as failed. 60 s.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(60);

    /// <param name="scenario">What to run.</param>
    /// <param name="stop">Nothing is sent any more; requests under way may end.</param>
    public static async Task<LoadResult> RunAsync(Scenario scenario, CancellationToken stop = default)
    {
        var samples = new SampleLog();
        var began = Clock.Now;
        var (ended, overflow) = scenario.IsClosed
            ? await new ClosedLoad(scenario, samples).RunAsync(began, stop)
            : await new OpenLoad(scenario, samples).RunAsync(began, stop);
        return LoadSummary.Of(scenario, samples.All(), began, ended, overflow);
    }

    /// <summary>One request from sending to its sample.</summary>
    internal static async Task SendAsync(Scenario scenario, SampleLog samples, long number, long due)
    {
        var sent = Clock.Now;
        Response response;
        try
        {
            response = await scenario.Run(new(number, due, samples));
        }
        catch (Exception e)
        {
            response = Response.Fail(e.GetType().Name);
        }
        samples.Add(new(null, due, sent, Clock.Now, response.Outcome, response.Detail));
    }
}
