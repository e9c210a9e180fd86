using System.Text.Json;

namespace App.Engines.Jobs;

/// <summary>A job that has ended without success.</summary>
/// <param name="Id">The job.</param>
/// <param name="Args">Its arguments, as JSON.</param>
/// <param name="IsCancelled">It was cancelled; else it is dead.</param>
/// <param name="Error">Its last error.</param>
internal sealed record EndedJob(long Id, string Args, bool IsCancelled, string Error)
{
    /// <summary>Its arguments.</summary>
    public TArgs As<TArgs>() =>
        JsonSerializer.Deserialize<TArgs>(Args, JobRegistration.Json) ?? throw new JsonException($"Job {Id} has no arguments.");
}
