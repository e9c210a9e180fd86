using App.Platform.Serving;

namespace App.Engines.Models.Shadow;

/// <summary>Once a second: compares what was sampled. Without a candidate it looks at the registry's word and sleeps again.</summary>
internal sealed class ShadowRunner(ShadowModels shadows, TimeProvider time, ILogger<ShadowRunner> log)
    : Loop("Comparing candidates with active models", time, log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Compares what was sampled since the last time.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        await shadows.CompareAsync(ct);
        return Interval;
    }
}
