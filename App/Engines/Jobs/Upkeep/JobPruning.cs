using App.Platform.Database;

namespace App.Engines.Jobs.Upkeep;

/// <summary>Deletes what is older than it is kept, a little at a time, so that nobody waits for it.</summary>
internal sealed class JobPruning(Postgres postgres, JobOptions options, TimeProvider time, ILogger<JobPruning> log)
{
    private const int Together = 5000;
    private static readonly TimeSpan KeepMinutes = TimeSpan.FromDays(8);
    private static readonly TimeSpan KeepRates = TimeSpan.FromHours(1);

    /// <summary>One tick.</summary>
    /// <returns>How many rows were deleted.</returns>
    public async Task<long> RunOnceAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var dead = await DeleteAsync("jobs", "finished_at < $1", "order by finished_at", now - options.KeepDead, ct);
        if (dead > 0) log.LogInformation("Pruned {Count} dead and cancelled jobs", dead);
        return dead
            + await DeleteAsync("job_log", "at < $1", "", now - options.KeepDead, ct)
            // A key holds as long as its time runs, or its job lives.
            + await DeleteAsync("job_uniques u",
                "expires_at < $1 and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null)", "", now, ct)
            + await DeleteAsync("job_rates", "greatest(free_at, next_at) < $1", "", now - KeepRates, ct)
            + await DeleteAsync("job_minutes", "at < $1", "order by at", now - KeepMinutes, ct);
    }

    private async Task<long> DeleteAsync(string table, string old, string order, DateTimeOffset until, CancellationToken ct)
    {
        var all = 0L;
        await using var command =
            postgres.Source.CreateCommand(
                $"delete from {table.Split(' ')[0]} where ctid = any(array("
                + $"select ctid from {table} where {old} {order} limit {Together} for update skip locked))");
        command.Parameters.Add(new() { Value = until.UtcDateTime });
        int deleted;
        do
        {
            deleted = await command.ExecuteNonQueryAsync(ct);
            all += deleted;
        }
        while (deleted == Together);
        return all;
    }
}
