namespace Connect.BoardWeb.Tests;
