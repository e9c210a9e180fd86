namespace App.Platform.Serving;

/// <summary>Something outside that a command needs is not there: one line to stderr, exit code 69.</summary>
internal sealed class UnavailableException(string message, Exception? inner = null) : Exception(message, inner);
