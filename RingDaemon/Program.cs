using Connect.RingDaemon.Cli;

return await CommandLine.RunAsync(args);
