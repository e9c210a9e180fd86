namespace App.Engines.Jobs;

/// <summary>A job that this worker holds.</summary>
/// <param name="Id">The job.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Organization">Whose it is.</param>
/// <param name="Queue">Its queue.</param>
/// <param name="Args">JSON.</param>
/// <param name="Attempt">The attempt that the claim began, from 1.</param>
/// <param name="MaxAttempts">Attempts that it has.</param>
/// <param name="Guarded">Whether it has a unique key, an order or limits, which its end must release.</param>
/// <param name="Crashes">How many workers have died while they held it.</param>
/// <param name="Claim">How often it has been claimed; with the worker it is the fence of every later write.</param>
/// <param name="OrderKey">Its order, where the claim tells it.</param>
internal sealed record ClaimedJob(long Id, string Kind, string Organization, string Queue, string Args, int Attempt, int MaxAttempts,
    bool Guarded, int Crashes, int Claim, string? OrderKey = null)
{
    /// <summary>How many jobs of its order may run at once.</summary>
    public int OrderWidth { get; init; } = 1;

    /// <summary>What was read with the claim.</summary>
    public Prefetched? Prefetched { get; init; }
}
