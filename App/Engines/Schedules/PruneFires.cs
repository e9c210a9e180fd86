using App.Engines.Background.Running;
using Npgsql;

namespace App.Engines.Schedules;

/// <summary>Deletes the history of schedules that is older than 90 days, or behind the last 1,000 fires of a schedule.</summary>
internal sealed class PruneFires(BackgroundAttempt attempt)
{
    // The last fire of a schedule stays however old it is: it is what the schedule is asked for.
    private const string Sql = """
        delete from schedule_fires f using (
            select id, row_number() over (partition by key order by id desc) as place from schedule_fires
        ) placed
        where f.id = placed.id and placed.place > 1 and (placed.place > 1000 or f.fired_at < clock_timestamp() - interval '90 days')
        """;

    private const string VersionsSql =
        "delete from schedule_versions where declared_at < (select max(declared_at) from schedule_versions) - interval '90 days'";

    /// <summary>Once.</summary>
    public Task RunAsync(CancellationToken ct) => attempt.CompleteAsync(DeleteAsync, ct);

    private static async Task DeleteAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var fires = new NpgsqlCommand(Sql, connection);
        await fires.ExecuteNonQueryAsync(ct);
        await using var versions = new NpgsqlCommand(VersionsSql, connection);
        await versions.ExecuteNonQueryAsync(ct);
    }
}
