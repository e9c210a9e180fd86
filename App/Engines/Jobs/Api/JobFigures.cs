using System.Security.Claims;
using App.Platform.Auth;
using App.Platform.Database;
using Npgsql;
using NpgsqlTypes;

namespace App.Engines.Jobs.Api;

/// <summary>How many jobs of a queue are in each state.</summary>
/// <param name="Name">The queue.</param>
/// <param name="PausedAt">Since when none of its jobs are claimed, or null.</param>
/// <param name="States">Jobs by state; those that succeeded are not counted.</param>
/// <param name="OldestWaitingSeconds">How long the oldest queued job has been due.</param>
internal sealed record QueueDepth(string Name, DateTime? PausedAt, IReadOnlyDictionary<string, long> States, double? OldestWaitingSeconds);

/// <summary>A worker and what it has in hand.</summary>
/// <param name="Id">Its number, new with each registration.</param>
/// <param name="Process">Its process.</param>
/// <param name="Concurrency">Jobs that it runs at once.</param>
/// <param name="StartedAt">When it registered.</param>
/// <param name="LeaseExpiresAt">When its jobs are given to others, unless it is heard of again.</param>
/// <param name="Alive">Whether its lease holds.</param>
/// <param name="Held">Jobs that it has claimed.</param>
/// <param name="Running">Those that it runs, the longest first, at most fifty.</param>
internal sealed record WorkerState(long Id, string Process, int Concurrency, DateTime StartedAt, DateTime LeaseExpiresAt, bool Alive,
    long Held, IReadOnlyList<WorkerJob> Running);

/// <summary>A job that a worker runs.</summary>
/// <param name="Id">Number.</param>
/// <param name="Kind">Kind.</param>
/// <param name="Organization">Whose.</param>
/// <param name="StartedAt">Since when.</param>
/// <param name="Progress">0 to 1, as its handler says.</param>
/// <param name="ProgressText">What its handler says.</param>
internal sealed record WorkerJob(long Id, string Kind, string Organization, DateTime StartedAt, float? Progress, string? ProgressText);

/// <summary>Attempts that ended within a span of time.</summary>
/// <param name="At">Its beginning.</param>
/// <param name="Succeeded">That succeeded.</param>
/// <param name="Failed">That failed, whether they are tried again or not.</param>
internal sealed record Ends(DateTime At, long Succeeded, long Failed);

/// <summary>Attempts of a kind within the last hour.</summary>
/// <param name="Kind">Name.</param>
/// <param name="Succeeded">That succeeded.</param>
/// <param name="Failed">That failed.</param>
/// <param name="MeanSeconds">How long one took.</param>
internal sealed record KindEnds(string Kind, long Succeeded, long Failed, double MeanSeconds);

/// <summary>How the queue does.</summary>
/// <param name="States">Jobs by state; those that succeeded are not counted.</param>
/// <param name="Minutes">The last hour; empty for other callers than the operator.</param>
/// <param name="Hours">The last day; empty likewise.</param>
/// <param name="Kinds">The last hour by kind; empty likewise.</param>
internal sealed record JobsOverview(IReadOnlyDictionary<string, long> States, IReadOnlyList<Ends> Minutes, IReadOnlyList<Ends> Hours,
    IReadOnlyList<KindEnds> Kinds);

/// <summary>Counts jobs, queues and workers. Counting is shared and bounded by <see cref="Remembered{T}"/>.</summary>
internal sealed class JobFigures(Postgres postgres, TimeProvider time)
{
    private const string Everybody = "\n";
    private readonly Remembered<IReadOnlyList<QueueDepth>> queues = new(time);
    private readonly Remembered<IReadOnlyList<WorkerState>> workers = new(time);
    private readonly Remembered<(IReadOnlyList<Ends> Minutes, IReadOnlyList<Ends> Hours, IReadOnlyList<KindEnds> Kinds)> ends = new(time);

    /// <summary>Every queue that has jobs or is paused, with the jobs that the caller may see; null: all.</summary>
    public Task<IReadOnlyList<QueueDepth>> QueuesAsync(ClaimsPrincipal? user, CancellationToken ct)
    {
        var organization = Scope(user);
        return queues.GetAsync(organization ?? Everybody, inner => CountAsync(organization, inner), ct);
    }

    /// <summary>Every worker, with the jobs that the caller may see; null: all.</summary>
    public Task<IReadOnlyList<WorkerState>> WorkersAsync(ClaimsPrincipal? user, CancellationToken ct)
    {
        var organization = Scope(user);
        return workers.GetAsync(organization ?? Everybody, inner => ReadWorkersAsync(organization, inner), ct);
    }

    /// <summary>How the queue does for a caller.</summary>
    public async Task<JobsOverview> OverviewAsync(ClaimsPrincipal user, CancellationToken ct)
    {
        var counts = (await QueuesAsync(user, ct)).SelectMany(queue => queue.States)
            .GroupBy(state => state.Key).ToDictionary(state => state.Key, state => state.Sum(one => one.Value));
        var states = JobFilter.LiveStates.ToDictionary(state => state, counts.GetValueOrDefault);
        // Attempts are not counted by organization: that would be a row for each of them and minute.
        if (!user.IsOperator()) return new(states, [], [], []);
        var (minutes, hours, kinds) = await ends.GetAsync(Everybody, ReadEndsAsync, ct);
        return new(states, minutes, hours, kinds);
    }

    private static string? Scope(ClaimsPrincipal? user) => user is null || user.IsOperator() ? null : user.Organization();

    private async Task<IReadOnlyList<QueueDepth>> CountAsync(string? organization, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            select coalesce(j.queue, q.name), q.paused_at, j.state, j.jobs, extract(epoch from clock_timestamp() - j.oldest)::float8
            from (
                select queue, state, count(*) as jobs, min(coalesce(run_at, created_at)) filter (where state = 'queued') as oldest
                from jobs where $1::text is null or organization = $1 group by queue, state
            ) j full join job_queues q on q.name = j.queue
            where j.queue is not null or q.paused_at is not null
            order by 1
            """);
        command.Parameters.Add(OrNull(organization));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new List<(string Name, DateTime? PausedAt, string? State, long Jobs, double? Oldest)>();
        while (await reader.ReadAsync(ct))
            found.Add(
                (reader.GetString(0), reader[1] as DateTime?, reader[2] as string, reader.IsDBNull(3) ? 0 : reader.GetInt64(3),
                    reader[4] as double?));
        return [.. found.GroupBy(row => (row.Name, row.PausedAt)).Select(queue => new QueueDepth(
            queue.Key.Name, queue.Key.PausedAt,
            queue.Where(row => row.State is not null).ToDictionary(row => row.State!, row => row.Jobs),
            queue.Max(row => row.Oldest) is { } oldest ? Math.Round(Math.Max(0, oldest), 1) : null))];
    }

    private async Task<IReadOnlyList<WorkerState>> ReadWorkersAsync(string? organization, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            select w.id, w.process, w.concurrency, w.started_at, w.lease_expires_at, w.lease_expires_at > clock_timestamp(),
                (select count(*) from jobs j where j.worker = w.id and ($1::text is null or j.organization = $1)),
                r.id, r.kind, r.organization, r.started_at, r.progress, r.progress_text
            from job_workers w
            left join lateral (
                select * from jobs j where j.worker = w.id and ($1::text is null or j.organization = $1)
                    order by j.ahead, j.started_at, j.id limit least(w.concurrency, 50)
            ) r on true
            order by w.id, r.ahead, r.started_at, r.id
            """);
        command.Parameters.Add(OrNull(organization));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new List<(WorkerState Worker, WorkerJob? Job)>();
        while (await reader.ReadAsync(ct))
            found.Add((
                new(reader.GetInt64(0), reader.GetString(1), reader.GetInt32(2), reader.GetDateTime(3), reader.GetDateTime(4),
                    reader.GetBoolean(5), reader.GetInt64(6), []),
                reader.IsDBNull(7)
                    ? null
                    : new(reader.GetInt64(7), reader.GetString(8), reader.GetString(9), reader.GetDateTime(10), reader[11] as float?,
                        reader[12] as string)));
        return [.. found.GroupBy(row => row.Worker.Id)
            .Select(rows => rows.First().Worker with { Running = [.. rows.Select(row => row.Job).OfType<WorkerJob>()] })];
    }

    private async Task<(IReadOnlyList<Ends> Minutes, IReadOnlyList<Ends> Hours,
        IReadOnlyList<KindEnds> Kinds)> ReadEndsAsync(CancellationToken ct)
    {
        const string Sums =
            "coalesce(sum(attempts) filter (where outcome = 'succeeded'), 0)::bigint, "
            + "coalesce(sum(attempts) filter (where outcome in ('retry', 'dead')), 0)::bigint";
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new($"""
                    select t.at, {Sums}
                    from generate_series(date_trunc('minute', now()) - interval '59 minutes', now(), interval '1 minute') as t(at)
                    left join job_minutes m on m.at = t.at group by 1 order by 1
                    """),
                new($"""
                    select t.at, {Sums}
                    from generate_series(date_trunc('hour', now()) - interval '23 hours', now(), interval '1 hour') as t(at)
                    left join job_minutes m on m.at >= t.at and m.at < t.at + interval '1 hour' group by 1 order by 1
                    """),
                new($"""
                    select kind, {Sums}, coalesce(sum(seconds) / nullif(sum(attempts), 0), 0)
                    from job_minutes where at > now() - interval '1 hour' group by 1 order by sum(attempts) desc, 1 limit 200
                    """),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(ct);
        var minutes = await ReadAsync(reader, ct);
        await reader.NextResultAsync(ct);
        var hours = await ReadAsync(reader, ct);
        await reader.NextResultAsync(ct);
        var kinds = new List<KindEnds>();
        while (await reader.ReadAsync(ct)) kinds.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetDouble(3)));
        return (minutes, hours, kinds);
    }

    private static async Task<List<Ends>> ReadAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var spans = new List<Ends>();
        while (await reader.ReadAsync(ct)) spans.Add(new(reader.GetDateTime(0), reader.GetInt64(1), reader.GetInt64(2)));
        return spans;
    }

    private static NpgsqlParameter OrNull(string? text) =>
        new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
