namespace App.Engines.Models.Shadow;

/// <summary>Once a second: compares what was sampled. Without a candidate it looks at the registry's word and sleeps again.</summary>
internal sealed class ShadowRunner(ShadowModels shadows, TimeProvider time, ILogger<ShadowRunner> log) : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Tick, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await shadows.CompareAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                log.LogWarning("What candidates say cannot be written down: {Error}", e.Message);
            }
        }
    }
}
