using App.Platform.Database;
using Npgsql;

namespace App.Streams;

/// <summary>
/// Wakes consumers within milliseconds of a commit: in this process directly, from other processes by LISTEN.
/// A signal is a hint; consumers poll as well, since notifications are lost with the connection that they come on.
/// </summary>
internal sealed class StreamSignals(Postgres postgres, ILogger<StreamSignals> log) : BackgroundService
{
    private volatile TaskCompletionSource pulse = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed by the next signal. Take it before looking, so that nothing falls between.</summary>
    public Task Next => pulse.Task;

    /// <summary>Wakes everyone who waits.</summary>
    public void Pulse() => Interlocked.Exchange(ref pulse, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception e) when (TransientFault.Is(e) && !stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Notifications are interrupted, polling goes on: {Error}", e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        await using var connection = await postgres.OpenOwnAsync("listen", ct);
        connection.Notification += (_, _) => Pulse();
        await using (var listen = new NpgsqlCommand($"listen {StreamAppender.Channel}", connection)) await listen.ExecuteNonQueryAsync(ct);
        Pulse();
        while (true) await connection.WaitAsync(ct);
    }
}
