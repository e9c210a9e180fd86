using App.Engines.Jobs;
using App.Platform.Database;

namespace App.Engines.Schedules;

/// <summary>Arguments of <see cref="PruneFires"/>: none.</summary>
internal sealed record PruneFiresArgs;

/// <summary>Deletes the history of schedules that is older than 90 days, or behind the last 1,000 fires of a schedule.</summary>
internal sealed class PruneFires(Postgres postgres) : IJobHandler<PruneFiresArgs>
{
    /// <summary>The kind.</summary>
    public static readonly JobKind Kind = new() { Name = "schedules.prune" };

    /// <summary>Daily, when most houses sleep.</summary>
    public static readonly Schedule Daily = new("schedules.prune", "20 3 * * *", "UTC", Kind.Name, new PruneFiresArgs())
    {
        Description = "Deletes fires of schedules beyond the last 90 days or 1,000 of each.",
    };

    // The last fire of a schedule stays however old it is: it is what the schedule is asked for.
    private const string Sql = """
        delete from schedule_fires f using (
            select id, row_number() over (partition by key order by id desc) as place from schedule_fires
        ) placed
        where f.id = placed.id and placed.place > 1 and (placed.place > 1000 or f.fired_at < clock_timestamp() - interval '90 days')
        """;

    private const string VersionsSql = "delete from schedule_versions where declared_at < (select max(declared_at) from schedule_versions) - interval '90 days'";

    /// <inheritdoc/>
    public async Task<JobOutcome> RunAsync(PruneFiresArgs args, JobContext job, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(Sql);
        var fires = await command.ExecuteNonQueryAsync(ct);
        await using var versions = postgres.Source.CreateCommand(VersionsSql);
        await versions.ExecuteNonQueryAsync(ct);
        return JobOutcome.Done(new { fires });
    }
}
