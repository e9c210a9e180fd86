using App.Platform.Database;

namespace App.Engines.Jobs.Api;

/// <summary>Does something to all jobs that a filter means, some at a time, so that no worker waits for it.</summary>
internal sealed class JobSteering(Postgres postgres, JobSearch search, JobQueue queue, TimeProvider time)
{
    private const int Together = 1000;
    private const int MostTries = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Queues them again; those that have not ended and do not wait for their time are left as they are.</summary>
    /// <returns>How many were queued.</returns>
    public Task<long> RedriveAsync(JobFilter filter, CancellationToken ct) =>
        EachAsync(filter, async ids => await queue.RedriveAsync(ids, ct), ct);

    /// <summary>Cancels them; those that run are told to stop.</summary>
    /// <returns>How many were cancelled or told.</returns>
    public Task<long> CancelAsync(JobFilter filter, CancellationToken ct) => EachAsync(filter, async ids =>
    {
        var left = ids.ToHashSet();
        var cancelled = 0;
        for (var i = 0; left.Count > 0 && i < MostTries; i++)
        {
            // A job that somebody is changing just now is tried again; one that has ended meanwhile is not found any more.
            if (i > 0) await Task.Delay(Pause, time, ct);
            await using var command = postgres.Source.CreateCommand("""
                with cancelled as materialized (select id from jobs_cancel_many($1, 'Cancelled by request.'))
                select id, true from cancelled
                union all
                select j.id, false from jobs j where j.id = any($1) and j.finished_at is null and j.id not in (select id from cancelled)
                """);
            command.Parameters.Add(new() { Value = left.ToArray() });
            await using var reader = await command.ExecuteReaderAsync(ct);
            left.Clear();
            while (await reader.ReadAsync(ct))
                if (reader.GetBoolean(1)) cancelled++;
                else left.Add(reader.GetInt64(0));
        }
        return cancelled;
    }, ct);

    private async Task<long> EachAsync(JobFilter filter, Func<IReadOnlyList<long>, Task<int>> act, CancellationToken ct)
    {
        var done = 0L;
        long? below = null;
        do
        {
            var page = await search.FindAsync(filter, below, Together, ct);
            if (page.Jobs.Count > 0) done += await act([.. page.Jobs.Select(job => job.Id)]);
            below = page.Next;
        }
        while (below is not null);
        return done;
    }
}
