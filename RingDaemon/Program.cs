using Connect.RingDaemon.Cli;

// The one line that joins the verbs to the service: `daemon` runs the node's daemon until it is told to stop.
return await CommandLine.RunAsync(args, daemon: null);
