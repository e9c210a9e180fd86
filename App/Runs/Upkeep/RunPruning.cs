using App.Platform.Database;

namespace App.Runs.Upkeep;

/// <summary>Deletes runs that ended longer ago than they are kept, with all that hangs on them, a few at a time.</summary>
internal sealed class RunPruning(Postgres postgres, RunOptions options, TimeProvider time, ILogger<RunPruning> log)
{
    // A run may have a thousand steps.
    private const int Together = 20;

    // One that is just being retried is passed over.
    private const string Sql = """
        delete from runs where id = any(array(select id from runs where ended_at < $1 order by ended_at limit $2 for update skip locked))
        """;

    /// <summary>One tick.</summary>
    /// <returns>How many runs were deleted.</returns>
    public async Task<long> RunOnceAsync(CancellationToken ct)
    {
        if (options.Keep is not { } keep) return 0;
        var all = 0L;
        await using var command = postgres.Source.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = (time.GetUtcNow() - keep).UtcDateTime });
        command.Parameters.Add(new() { Value = Together });
        int deleted;
        do
        {
            deleted = await command.ExecuteNonQueryAsync(ct);
            all += deleted;
        }
        while (deleted == Together);
        if (all > 0) log.LogInformation("Pruned {Count} runs", all);
        return all;
    }
}
