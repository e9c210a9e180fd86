namespace App.Platform;

/// <summary>A fault in how a command was called: one line to stderr, exit code 64.</summary>
internal sealed class UsageException(string message) : Exception(message);
