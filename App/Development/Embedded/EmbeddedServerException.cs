namespace App.Development.Embedded;

/// <summary>The embedded server cannot start; the message names the reason and the cure.</summary>
internal sealed class EmbeddedServerException(string message, Exception? inner = null) : Exception(message, inner);
