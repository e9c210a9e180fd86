namespace App.Engines.Models;

/// <summary>A model that cannot be taken, with the reason.</summary>
/// <param name="message">Fault and cure.</param>
/// <param name="where">The field of the request that is at fault.</param>
/// <param name="cause">The error of ONNX Runtime: for the log, never for a client.</param>
internal sealed class InvalidModelException(string message, string where = "artifact", Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The field of the request that is at fault.</summary>
    public string Field { get; } = where;

    /// <summary>The message and its cause, for the log.</summary>
    public string Detail => InnerException is null ? Message : $"{Message} {InnerException.Message}";
}
