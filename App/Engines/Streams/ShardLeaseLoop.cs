using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Streams;

/// <summary>Keeps the leases of a consumer group's shards in this process.</summary>
internal sealed class ShardLeaseLoop(
    Postgres postgres, ShardLeases leases, IStreamHandler handler, StreamOptions options, Signal appended, TimeProvider time, ILogger log)
    : Loop($"Keeping the shard leases of group {handler.Group}", time, log)
{
    /// <summary>Renews leases, takes free shards, gives back what is more than the fair share.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        await StreamAppender.EnsureShardsAsync(postgres.Source, handler.Stream, options.Shards, ct);
        await leases.TickAsync(ct);
        // There may be entries in shards that were taken just now.
        appended.Pulse();
        return options.LeaseTick;
    }
}
