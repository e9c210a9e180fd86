namespace App.Engines.Models;

/// <summary>A model that cannot be taken, with the reason.</summary>
/// <param name="message">Fault and cure.</param>
/// <param name="where">The field of the request that is at fault.</param>
internal sealed class InvalidModelException(string message, string where = "artifact") : Exception(message)
{
    /// <summary>The field of the request that is at fault.</summary>
    public string Field { get; } = where;
}
