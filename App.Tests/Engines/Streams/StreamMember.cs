using App.Engines.Streams;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Engines.Streams;

/// <summary>One worker of one consumer group, driven tick by tick; several of them are several processes.</summary>
internal sealed class StreamMember : IAsyncDisposable
{
    private readonly SemaphoreSlim oneInHand = new(1);
    private readonly TestMeters meters = new();

    public StreamMember(string connectionString, string name, Func<Postgres, IStreamHandler> handler, TimeProvider? time = null,
        StreamOptions? options = null)
    {
        Postgres = new Postgres(connectionString, connectionString, name);
        Options = options ?? Defaults;
        Handler = handler(Postgres);
        Leases = new ShardLeases(Postgres, Options, Handler.Stream, Handler.Group, NullLogger.Instance);
        Consumer = new StreamConsumer(Postgres, Handler, Leases, Options, oneInHand, new StreamMetrics(meters), time ?? TimeProvider.System,
            NullLogger.Instance);
    }

    public static StreamOptions Defaults { get; } = new()
    {
        Enabled = true,
        Shards = 4,
        Retention = TimeSpan.FromHours(48),
        LeaseDuration = TimeSpan.FromMinutes(10)
    };

    public Postgres Postgres { get; }

    public StreamOptions Options { get; }

    public IStreamHandler Handler { get; }

    public ShardLeases Leases { get; }

    public StreamConsumer Consumer { get; }

    public IEnumerable<short> Shards => Leases.Owned.Select(shard => shard.Shard).Order();

    /// <summary>Consumes until nothing is left that may be handled now.</summary>
    public async Task<int> DrainAsync()
    {
        var total = 0;
        while (await Consumer.RunOnceAsync(default) is var done and > 0) total += done;
        return total;
    }

    public async ValueTask DisposeAsync()
    {
        await Consumer.DisposeAsync();
        await Postgres.DisposeAsync();
        oneInHand.Dispose();
        meters.Dispose();
    }
}
