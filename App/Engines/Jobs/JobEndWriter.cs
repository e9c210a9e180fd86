using System.Threading.Channels;
using App.Platform.Database;
using App.Platform.Serving;
using Npgsql;

namespace App.Engines.Jobs;

/// <summary>
/// Writes how attempts ended, many in one commit: while one batch is written the next gathers. An end is tried until it is
/// written, or until the lease is lost and with it the right to write it.
/// </summary>
internal sealed class JobEndWriter(
    Postgres postgres, JobOptions options, JobPool pool, HeldJobs held, JobStager stager, JobVacuum vacuum, JobMetrics metrics,
    JobAnnouncements announcements,
    TimeProvider time, ILogger<JobEndWriter> log)
{
    private readonly Channel<(JobStore.Ending Ending,
        JobSession Session)> ended = Channel.CreateUnbounded<(JobStore.Ending, JobSession)>(new() { SingleReader = true });
    private readonly OwnConnection connection = new(postgres, "finish");
    private readonly Outage outage = new("Writing the ends of jobs", time, log);

    /// <summary>Writes an end with the next batch.</summary>
    public void Write(JobStore.Ending ending, JobSession session) => ended.Writer.TryWrite((ending, session));

    /// <summary>No more ends will come.</summary>
    public void Complete() => ended.Writer.Complete();

    /// <summary>Writes until there is nothing more to come.</summary>
    public async Task RunAsync()
    {
        var batch = new List<(JobStore.Ending Ending, JobSession Session)>();
        while (await ended.Reader.WaitToReadAsync())
        {
            while (batch.Count < options.MostTogether && ended.Reader.TryRead(out var one)) batch.Add(one);
            foreach (var group in batch.GroupBy(one => one.Session))
            {
                var endings = group.Select(one => one.Ending).ToList();
                await WriteAsync(group.Key, endings);
                held.Remove([.. endings.Select(ending => ending.Job)]);
            }
            batch.Clear();
        }
        await connection.DisposeAsync();
    }

    private async Task WriteAsync(JobSession session, List<JobStore.Ending> endings)
    {
        while (session == held.Session)
        {
            try
            {
                await CommitAsync(session, endings);
                outage.End();
                Announce(endings);
                return;
            }
            catch (PostgresException e) when (e.SqlState == JobStore.LeaseLost)
            {
                held.Lose(session);
            }
            catch (Exception e) when (!TransientFault.Is(e) && !endings.TrueForAll(ending => ending.IsSubstitute))
            {
                await WriteOneByOneAsync(session, endings, e);
                return;
            }
            catch (Exception e)
            {
                await connection.DisposeAsync();
                await outage.WaitAsync(e, CancellationToken.None);
            }
        }
        if (endings.Exists(ending => ending.Effect is not null)) await WriteEffectsAsync(endings);
    }

    private async Task CommitAsync(JobSession session, List<JobStore.Ending> endings)
    {
        var open = await connection.OpenAsync(CancellationToken.None);
        if (endings.Exists(ending => ending.Effect is not null))
        {
            await using var batch = JobStore.FinishWithEffects(open, session.Worker, endings);
            await batch.ExecuteNonQueryAsync();
        }
        else
        {
            await using var command = JobStore.Finish(open, null, session.Worker, endings);
            await command.ExecuteNonQueryAsync();
        }
    }

    private void Announce(List<JobStore.Ending> endings)
    {
        vacuum.Count(endings.Count);
        // The jobs behind them in their orders, or under their limits, may have been woken.
        if (endings.Exists(ending => ending.Job.Guarded)) announcements.Of(pool).Pulse();
        foreach (var ending in endings)
            metrics.Ended(ending.Job.Kind, ending.Outcome);
        if (endings.Exists(ending => ending.Outcome is not ("succeeded" or "dead" or "cancelled" or "released"))) stager.LookSoon();
    }

    // One of them cannot be written: it makes its job dead, and does not hold up the others.
    private async Task WriteOneByOneAsync(JobSession session, List<JobStore.Ending> endings, Exception fault)
    {
        if (endings.Count > 1)
        {
            foreach (var ending in endings) await WriteAsync(session, [ending]);
            return;
        }
        log.LogError(fault, "The end of job {Id} cannot be written, and makes it dead: {Error}", endings[0].Job.Id, fault.Message);
        await WriteAsync(session, [JobStore.Unwritable(endings[0].Job, fault)]);
    }

    // The jobs are another's by now, but what has happened outside has happened.
    private async Task WriteEffectsAsync(List<JobStore.Ending> endings)
    {
        while (true)
        {
            try
            {
                await using var pooled = await postgres.Source.OpenConnectionAsync();
                await using var effects = JobStore.Effects(pooled, endings);
                await effects.ExecuteNonQueryAsync();
                outage.End();
                return;
            }
            catch (Exception e) when (TransientFault.Is(e))
            {
                await outage.WaitAsync(e, CancellationToken.None);
            }
            catch (Exception e)
            {
                log.LogError(e, "What {Count} jobs have done cannot be written: {Error}", endings.Count, e.Message);
                return;
            }
        }
    }
}
