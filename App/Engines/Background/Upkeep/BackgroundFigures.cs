using App.Platform.Database;

namespace App.Engines.Background.Upkeep;

/// <summary>A queue of background jobs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Workers">Workers of all living servers.</param>
/// <param name="Enqueued">Jobs that wait for a worker.</param>
/// <param name="Processing">Jobs that a worker has.</param>
/// <param name="OldestEnqueuedSeconds">How long the oldest of those that wait has waited; null: none waits.</param>
internal sealed record BackgroundQueue(string Name, int Workers, long Enqueued, long Processing, double? OldestEnqueuedSeconds);

/// <summary>Background jobs as a whole.</summary>
/// <param name="Servers">Living servers: one a queue in each worker process.</param>
/// <param name="Scheduled">Jobs that wait for a time, retries among them.</param>
/// <param name="Failed">Jobs that have failed for good and that nobody has looked after.</param>
/// <param name="Queues">Each queue that has workers or jobs.</param>
internal sealed record BackgroundState(int Servers, long Scheduled, long Failed, IReadOnlyList<BackgroundQueue> Queues);

/// <summary>Counts background jobs and servers, at most every few seconds however often it is asked.</summary>
internal sealed class BackgroundFigures(Postgres postgres, BackgroundOptions options, TimeProvider time)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(5);

    private const string Sql = """
        with servers as (
            select queue, (data ->> 'WorkerCount')::int as workers from hangfire.server s cross
                join lateral jsonb_array_elements_text(s.data -> 'Queues') queue
            where s.lastheartbeat > clock_timestamp() - $1
        ), waiting as (
            select q.queue, count(*) filter (where q.fetchedat is null) as enqueued,
                count(*) filter (where q.fetchedat is not null) as processing,
                extract(epoch from clock_timestamp() - min(s.createdat) filter (where q.fetchedat is null))::float8 as oldest
            from hangfire.jobqueue q join hangfire.job j on j.id = q.jobid left join hangfire.state s on s.id = j.stateid group by q.queue
        )
        select coalesce(w.queue, s.queue), coalesce(s.workers, 0)::int, coalesce(w.enqueued, 0), coalesce(w.processing, 0), w.oldest,
            (select count(*)::int from hangfire.server where lastheartbeat > clock_timestamp() - $1),
            (select count(*) from hangfire.job where statename = 'Scheduled'), (select count(*) from hangfire.job
                where statename = 'Failed')
        from (select queue, sum(workers) as workers from servers group by queue) s full join waiting w using (queue)
        union all
        select '', 0, 0, 0, null, (select count(*)::int from hangfire.server where lastheartbeat > clock_timestamp() - $1),
            (select count(*) from hangfire.job where statename = 'Scheduled'), (select count(*) from hangfire.job
                where statename = 'Failed')
        order by 1
        """;

    private (long At, BackgroundState State)? last;

    /// <summary>The figures, a few seconds old at most.</summary>
    public async Task<BackgroundState> ReadAsync(CancellationToken ct)
    {
        if (last is { } known && time.GetElapsedTime(known.At) < Remembered) return known.State;
        await using var command = postgres.Source.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = options.ServerTimeout });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var queues = new List<BackgroundQueue>();
        var (servers, scheduled, failed) = (0, 0L, 0L);
        while (await reader.ReadAsync(ct))
        {
            (servers, scheduled, failed) = (reader.GetInt32(5), reader.GetInt64(6), reader.GetInt64(7));
            if (reader.GetString(0).Length > 0)
                queues.Add(
                    new(reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3),
                        reader.IsDBNull(4) ? null : Math.Round(reader.GetDouble(4), 1)));
        }
        var state = new BackgroundState(servers, scheduled, failed, queues);
        last = (time.GetTimestamp(), state);
        return state;
    }
}
