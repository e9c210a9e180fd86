using System.Diagnostics;
using OpenTelemetry;

namespace App.Platform.Observability;

/// <summary>
/// Keeps statements out that belong to nothing that is traced, such as a worker's look for jobs many times a second: each
/// would be a trace of its own.
/// </summary>
internal sealed class OrphanFilter : BaseProcessor<Activity>
{
    /// <inheritdoc/>
    public override void OnStart(Activity data)
    {
        if (data.Source.Name != "Npgsql" || data.ParentSpanId != default) return;
        data.IsAllDataRequested = false;
        data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }
}
