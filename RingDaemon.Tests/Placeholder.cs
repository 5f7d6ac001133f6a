namespace Connect.RingDaemon.Tests;
