using System.CommandLine;
using Connect.LoadTests.Cli;

ThreadPool.SetMinThreads(32, 32); // blocking database calls of the probes must not hold up the load
var root = new RootCommand("Stress runs and measurements of a ring. Exit codes: 0 every target met, 1 one missed, 2 wrong usage, 3 void or not measurable.")
{
    FailoverVerb.Create(), CatchUpVerb.Create(), PagesVerb.Create(), PagesVerb.CreateConstant(), FalseBridgesVerb.Create(), LiveVerb.Create(), NemesisVerb.Create(), IdleVerb.Create(), ChecksumVerb.Create(), UpVerb.Create(), StressVerb.Create(), SelfTestVerb.Create(),
};
var parsed = root.Parse(args);
return parsed.Errors.Count > 0 ? await parsed.InvokeAsync() switch { 1 => 2, var code => code } : await parsed.InvokeAsync();
