using App.Platform.Database;

namespace App.Runs.Upkeep;

/// <summary>How the runs of all organizations do.</summary>
/// <param name="Pending">Accepted, and no step has begun.</param>
/// <param name="Running">Under way, those that wait for an approval included.</param>
/// <param name="OldestPendingSeconds">How long the oldest pending one has waited; null: there is none.</param>
/// <param name="FailedLastHour">Runs that failed within the last hour.</param>
internal sealed record RunCounts(long Pending, long Running, double? OldestPendingSeconds, long FailedLastHour);

/// <summary>Counts runs by the indexes of those that have not ended and of those that ended of late.</summary>
internal sealed class RunFigures(Postgres postgres)
{
    private const string Sql = """
        select count(*) filter (where status = 'pending'), count(*) filter (where status = 'running'),
            extract(epoch from clock_timestamp() - min(created_at) filter (where status = 'pending'))::float8,
            (select count(*) from runs where status = 'failed' and ended_at > clock_timestamp() - interval '1 hour')
        from runs where ended_at is null
        """;

    /// <summary>Counts.</summary>
    public async Task<RunCounts> CountAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return new(reader.GetInt64(0), reader.GetInt64(1), reader.IsDBNull(2) ? null : Math.Round(Math.Max(0, reader.GetDouble(2)), 1),
            reader.GetInt64(3));
    }
}
