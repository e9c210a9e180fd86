using App.Platform.Database;
using App.Platform.Leases;
using App.Platform.Serving;

namespace App.Streams;

/// <summary>Keeps partitions in order on the one worker that leads.</summary>
internal sealed class StreamMaintenance(Postgres postgres, StreamPartitions partitions, TimeProvider time, ILogger<StreamMaintenance> log) : DrainingService
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private readonly Lease lease = new(postgres, "leader", Duration);
    private long? epoch;
    private DateTimeOffset due;

    /// <summary>One tick: keep or seek the lease; when leading and due, tend the partitions.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        var held = await lease.AcquireAsync(ct);
        if (held is not null && held != epoch)
        {
            log.LogInformation("Acquired leader lease (epoch {Epoch})", held);
            due = default;
        }
        if (held is null && epoch is not null) log.LogWarning("Lost leader lease");
        epoch = held;
        if (held is null || time.GetUtcNow() < due) return;
        await partitions.RunOnceAsync(ct);
        due = time.GetUtcNow() + Interval;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                epoch = null;
                log.LogWarning(TransientFault.Is(e) ? null : e, "Leading failed, trying again: {Error}", e.Message);
            }
            await Task.Delay(Renewal, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (epoch is not null) await ReleaseAsync();
    }

    private async Task ReleaseAsync()
    {
        try
        {
            await lease.ReleaseAsync(CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("The leader lease could not be given back and will expire: {Error}", e.Message);
        }
    }
}
