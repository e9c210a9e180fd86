using App.Platform.Database;

namespace App.Engines.Jobs.Upkeep;

/// <summary>Jobs that succeeded lie in one partition a day, which is dropped when its day is older than they are kept.</summary>
internal sealed class JobPartitions(Postgres postgres, JobOptions options, TimeProvider time, ILogger<JobPartitions> log)
{
    private const int Together = 10_000;
    private readonly DailyPartitions days = new(postgres, "job_done", "", time, log);

    /// <summary>One tick: makes what will be needed, drops what is old.</summary>
    /// <returns>Names of the partitions that were dropped.</returns>
    public async Task<IReadOnlyList<string>> RunOnceAsync(CancellationToken ct)
    {
        await days.CreateAheadAsync(ct);
        var until = time.GetUtcNow() - options.KeepDone;
        var old = await days.EndedBeforeAsync(until, ct);
        foreach (var name in old) await days.DropAsync(name, ct);
        // Of days that had no partition when they ended.
        await using var command = postgres.Source.CreateCommand($"""
            delete from job_done_rest where ctid = any(array(select ctid from job_done_rest where finished_at < $1 limit {Together}))
            """);
        command.Parameters.Add(new() { Value = until.UtcDateTime });
        while (await command.ExecuteNonQueryAsync(ct) == Together) ct.ThrowIfCancellationRequested();
        return old;
    }
}
