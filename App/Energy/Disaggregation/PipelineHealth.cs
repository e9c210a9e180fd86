using App.Energy.Disaggregation.Live;
using App.Energy.Readings;
using App.Engines.Models;
using App.Engines.Streams;
using App.Platform.Observability;
using Npgsql;

namespace App.Energy.Disaggregation;

/// <summary>The stream's part of <c>/health</c>: how far consumers lag, and what they wait for.</summary>
internal sealed class PipelineHealth(NpgsqlDataSource source, ActiveModels models)
{
    private const double LateSeconds = 60;

    /// <summary>Degraded when the stream waits for a model, when nobody consumes it, or when its oldest entry is a minute old.</summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        var shards = await StreamEndpoints.ReadAsync(source, ReadingStore.Stream, DisaggregationHandler.Name, ct);
        var details = new
        {
            group = DisaggregationHandler.Name,
            lag = shards.Sum(shard => shard.Lag),
            oldestUnreadSeconds = shards.Max(shard => shard.OldestUnreadSeconds),
            shards = shards.Count,
            owned = shards.Count(shard => shard.Owner is not null),
            workers = shards.Select(shard => shard.Owner).OfType<string>().Distinct(StringComparer.Ordinal).Count(),
        };
        var note = models.Get(DisaggregationHandler.Name) is { Serving: null, Fault: { } fault } ? $"The stream waits: {fault}"
            : details.owned == 0 && details.lag > 0 ? "No worker consumes the stream."
            : details.oldestUnreadSeconds > LateSeconds ? "The consumers are behind."
            : null;
        return new PartHealth(note is null ? HealthStatus.Up : HealthStatus.Degraded, note, details);
    }
}
