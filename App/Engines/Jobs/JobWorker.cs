using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using App.Platform.Database;
using App.Platform.Serving;
using Npgsql;

namespace App.Engines.Jobs;

/// <summary>
/// Runs jobs: claims them in batches, runs as many at once as it may, and writes their ends in batches. Short jobs are
/// claimed ahead, so that no round trip is waited for between two of them.
/// </summary>
internal sealed class JobWorker(
    Postgres postgres, JobOptions options, IEnumerable<JobKind> kinds, JobRunner runner, JobProgress progress, JobTally tally, JobStager stager, JobVacuum vacuum, JobMetrics metrics, JobLog journal, Notifications notifications,
    TimeProvider time, ILogger<JobWorker> log, JobPool pool, IEnumerable<JobPool> pools) : DrainingService
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromMilliseconds(500);

    // Jobs on average shorter than this are claimed ahead, as many as are run within the span behind it.
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AheadOf = TimeSpan.FromMilliseconds(30);

    private readonly Dictionary<string, JobKind> known = kinds.ToDictionary(kind => kind.Name, StringComparer.Ordinal);
    private readonly string[] names = [.. kinds.Select(kind => kind.Name).Order(StringComparer.Ordinal)];
    private readonly Channel<(ClaimedJob Job, JobSession Session)> ready = Channel.CreateUnbounded<(ClaimedJob, JobSession)>();
    private readonly Channel<(JobStore.Ending Ending, JobSession Session)> ended = Channel.CreateUnbounded<(JobStore.Ending, JobSession)>(new() { SingleReader = true });
    private readonly ConcurrentDictionary<(long Id, int Claim), RunningJob> running = [];
    private readonly ConcurrentDictionary<(long Id, int Claim), bool> holding = [];
    private readonly Signal room = new();
    private readonly JobSequences sequences = new();
    private readonly string[] queuesOfOthers = pool.Queue is null ? [.. pools.Select(other => other.Queue!)] : [];
    private readonly int mostTogether = pool.MostTogether ?? options.MostTogether;
    private readonly ClaimPace pace = new(pool.Poll ?? options.Poll);
    private readonly Signal added = notifications.On(pool.Channel);
    private readonly Signal stirred = notifications.On(JobOptions.Channel);
    private readonly Signal cancels = notifications.On(JobOptions.CancelChannel);

    private volatile JobSession? session;
    private (string Queue, string Organization) after = ("", "");
    private int held;
    private (JobSession? Session, long At) beaten;
    private long reconciled;
    private double averageTicks = Short.Ticks;
    private NpgsqlConnection? claiming;
    private volatile bool draining;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        if (pool.Queue is null) log.LogInformation("Running jobs, {Concurrency} at once", pool.Concurrency);
        else log.LogInformation("Running jobs of queue {Queue}, {Concurrency} at once", pool.Queue, pool.Concurrency);
        using var finishing = new CancellationTokenSource();
        var writing = WriteEndsAsync();
        var beating = RepeatAsync("The heartbeat", BeatAsync, finishing.Token);
        var executors = Enumerable.Range(0, pool.Concurrency).Select(_ => Task.Run(ExecuteJobsAsync, CancellationToken.None)).ToArray();
        // What is done for all queues is done once a process.
        await Task.WhenAll(RepeatAsync("Claiming", ClaimAsync, stoppingToken), pool.Queue is null ? RepeatAsync("Staging", StageAsync, stoppingToken) : Task.CompletedTask,
            pool.Queue is null ? RepeatAsync("Vacuuming", VacuumAsync, stoppingToken) : Task.CompletedTask);

        ready.Writer.Complete();
        await DrainAsync(Task.WhenAll(executors));
        ended.Writer.Complete();
        await writing;
        await finishing.CancelAsync();
        await beating;
        await LeaveAsync();
    }

    // One look for jobs, and a wait where there is no room or there are none.
    private async Task ClaimAsync(CancellationToken ct)
    {
        var mine = session ??= await OpenAsync(ct);
        // Taken before looking, so that nothing falls between.
        var (more, stir, space) = (added.Next, stirred.Next, room.Next);
        var ahead = Ahead;
        // What stands behind another of its order takes no place.
        var free = pool.Concurrency + ahead - (Volatile.Read(ref held) - sequences.Behind);
        // Few places are not worth a round trip while there is enough to do.
        if (free < Math.Min(mostTogether / 2, Math.Max(1, ahead / 4)))
        {
            await space.WaitAsync(pace.Poll, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }
        var limit = Math.Min(free, mostTogether);
        var claimed = await ClaimAsync(mine, limit, ahead > 0, ct);
        if (claimed == 0) await (pool.Queue is null ? more : Task.WhenAny(more, stir)).WaitAsync(pace.FoundNone(), time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else if (pace.Found(claimed, limit) is { Ticks: > 0 } pause) await Task.Delay(pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (more.IsCompleted) pace.Announced();
    }

    private int Ahead => Volatile.Read(ref averageTicks) is var ticks && ticks < Short.Ticks
        ? (int)Math.Min(options.MostAhead, pool.Concurrency * AheadOf.Ticks / Math.Max(1, ticks)) : 0;

    private async Task<int> ClaimAsync(JobSession mine, int limit, bool ahead, CancellationToken ct)
    {
        claiming = await OpenAsync(claiming, "claim", "set synchronous_commit = off", ct);
        var suspects = Math.Max(0, pool.Concurrency - running.Count);
        var solo = running.Values.All(one => one.Job.Crashes < 2);
        var jobs = new List<(short Rank, ClaimedJob Job)>(limit);
        try
        {
            // Finished once begun: a claim that is cut off may have been made, and is then found by the heartbeat.
            await using var command = JobStore.Claim(claiming, mine.Worker, names, limit, ahead, suspects, solo, after, pool.Queue, queuesOfOthers, Math.Clamp(options.MostAhead / limit, 1, pool.Together), pool.Foresight);
            await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
            var at = time.GetTimestamp();
            while (await reader.ReadAsync(CancellationToken.None))
                jobs.Add((reader.GetInt16(9), new ClaimedJob(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4),
                    reader.GetInt32(5), reader.GetInt32(6), reader.GetBoolean(7), reader.GetInt32(8), reader.GetInt32(10), reader.IsDBNull(11) ? null : reader.GetString(11))
                {
                    Foreseen = pool.Foresight is { } foresight && !reader.IsDBNull(12) ? new(foresight.Read(reader, 12), at, foresight.Fresh) : null,
                }));
        }
        catch (PostgresException e) when (e.SqlState == JobStore.LeaseLost)
        {
            Lose(mine);
            return 0;
        }
        // A crash of the database forgets claims that it has answered. What is still in hand here goes on: its fence is the same again.
        var fresh = jobs.FindAll(one => holding.TryAdd((one.Job.Id, one.Job.Claim), true));
        Interlocked.Add(ref held, fresh.Count);
        foreach (var job in JobSequences.InOrder(fresh))
            if (sequences.Enter(job, mine)) ready.Writer.TryWrite((job, mine));
        after = JobLine.Last(after, jobs);
        return jobs.Count;
    }

    private async Task ExecuteJobsAsync()
    {
        await foreach (var first in ready.Reader.ReadAllAsync())
        {
            // Behind it are those of its order.
            for ((ClaimedJob Job, JobSession Session)? next = first; next is { } one;)
            {
                next = null;
                if (one.Session != session || draining) GiveBack([one, .. sequences.Break(one.Job)]);
                else if (await ExecuteAsync(one.Job, one.Session) is { } asForeseen) next = sequences.Next(one.Job, asForeseen);
                else GiveBack(sequences.Break(one.Job));
            }
        }
    }

    // Whether what was foreseen for the next of its order still holds; null: it may not run.
    private async Task<bool?> ExecuteAsync(ClaimedJob job, JobSession owner)
    {
        using var attempt = new RunningJob(job, known[job.Kind], options.Grace, time);
        running[(job.Id, job.Claim)] = attempt;
        using var scope = journal.Begin(job);
        var began = Stopwatch.GetTimestamp();
        var outcome = await runner.RunAsync(attempt, owner.Worker);
        var took = Stopwatch.GetElapsedTime(began);
        running.TryRemove((job.Id, job.Claim), out _);
        Volatile.Write(ref averageTicks, (averageTicks * 0.95) + (took.Ticks * 0.05));
        metrics.Ran(job.Kind, took);
        journal.Ended(job, outcome, took);
        if ((attempt.Reason == StopReason.LeaseLost && outcome.Effect is null) || outcome is JobOutcome.Settled)
        {
            if (outcome is JobOutcome.Settled) tally.Add(job.Kind, "succeeded", took);
            Let(job);
            return outcome is JobOutcome.Settled ? true : null;
        }
        var ending = JobStore.End(job, attempt.Kind, outcome, Random.Shared.NextDouble());
        tally.Add(job.Kind, ending.Outcome, took);
        ended.Writer.TryWrite((ending, owner));
        return ending.HoldsOrder ? null : !outcome.IsUnforeseen;
    }

    // Jobs that were claimed and not begun.
    private void GiveBack(IReadOnlyList<(ClaimedJob Job, JobSession Session)> jobs)
    {
        foreach (var (job, owner) in jobs)
            if (owner == session) ended.Writer.TryWrite((JobStore.Release(job), owner));
            else Let(job);
    }

    private void Let(params ReadOnlySpan<ClaimedJob> jobs)
    {
        foreach (var job in jobs) holding.TryRemove((job.Id, job.Claim), out _);
        Interlocked.Add(ref held, -jobs.Length);
        room.Pulse();
    }

    private async Task WriteEndsAsync()
    {
        NpgsqlConnection? connection = null;
        var batch = new List<(JobStore.Ending Ending, JobSession Session)>();
        while (await ended.Reader.WaitToReadAsync())
        {
            // While one batch is written the next gathers.
            while (batch.Count < options.MostTogether && ended.Reader.TryRead(out var one)) batch.Add(one);
            foreach (var group in batch.GroupBy(one => one.Session))
            {
                var endings = group.Select(one => one.Ending).ToList();
                connection = await WriteAsync(connection, group.Key, endings);
                Let([.. endings.Select(ending => ending.Job)]);
            }
            batch.Clear();
        }
        if (connection is not null) await connection.DisposeAsync();
    }

    // Tried until it is written, or until the lease is lost and with it the right to write it.
    private async Task<NpgsqlConnection?> WriteAsync(NpgsqlConnection? connection, JobSession owner, List<JobStore.Ending> endings)
    {
        while (owner == session)
        {
            try
            {
                connection = await OpenAsync(connection, "finish", null, CancellationToken.None);
                if (endings.Exists(ending => ending.Effect is not null))
                {
                    await using var batch = JobStore.FinishWithEffects(connection, owner.Worker, endings);
                    await batch.ExecuteNonQueryAsync();
                }
                else
                {
                    await using var command = JobStore.Finish(connection, null, owner.Worker, endings);
                    await command.ExecuteNonQueryAsync();
                }
                vacuum.Count(endings.Count);
                // Those behind them in their orders may have been woken.
                if (endings.Exists(ending => ending.Job.Guarded)) added.Pulse();
                foreach (var ending in endings)
                    metrics.Ended(ending.Job.Kind, ending.Outcome);
                if (endings.Exists(ending => ending.Outcome is not ("succeeded" or "dead" or "cancelled" or "released"))) stager.LookSoon();
                return connection;
            }
            catch (PostgresException e) when (e.SqlState == JobStore.LeaseLost)
            {
                Lose(owner);
            }
            catch (Exception e) when (!TransientFault.Is(e) && !endings.TrueForAll(ending => ending.IsSubstitute))
            {
                // One of them cannot be written: it is not to hold up the others.
                if (endings.Count == 1)
                {
                    log.LogError(e, "The end of job {Id} cannot be written, and makes it dead: {Error}", endings[0].Job.Id, e.Message);
                    endings = [JobStore.Unwritable(endings[0].Job, e)];
                    continue;
                }
                foreach (var ending in endings) connection = await WriteAsync(connection, owner, [ending]);
                return connection;
            }
            catch (Exception e)
            {
                log.LogWarning(TransientFault.Is(e) ? null : e, "The ends of {Count} jobs could not be written, trying again: {Error}", endings.Count, e.Message);
                if (connection is not null) await connection.DisposeAsync();
                connection = null;
                await Task.Delay(AfterFault, time);
            }
        }
        if (endings.Exists(ending => ending.Effect is not null)) await WriteEffectsAsync(endings);
        return connection;
    }

    // The jobs are another's by now, but what has happened has happened.
    private async Task WriteEffectsAsync(List<JobStore.Ending> endings)
    {
        for (var written = false; !written;)
        {
            try
            {
                await using var connection = await postgres.Source.OpenConnectionAsync();
                await using var effects = JobStore.Effects(connection, endings);
                await effects.ExecuteNonQueryAsync();
                written = true;
            }
            catch (Exception e) when (TransientFault.Is(e))
            {
                log.LogWarning("What {Count} jobs have done could not be written, trying again: {Error}", endings.Count, e.Message);
                await Task.Delay(AfterFault, time);
            }
            catch (Exception e)
            {
                log.LogError(e, "What {Count} jobs have done cannot be written: {Error}", endings.Count, e.Message);
                return;
            }
        }
    }

    private async Task BeatAsync(CancellationToken ct)
    {
        var next = cancels.Next;
        if (session is { } mine)
        {
            // Unheard for so long, the lease has ended, whoever may know.
            if (mine == beaten.Session && time.GetElapsedTime(beaten.At) > options.Lease) Lose(mine);
            var at = time.GetTimestamp();
            if (await mine.BeatAsync(postgres, options, CancellationToken.None) is not { } cancelled) Lose(mine);
            else
            {
                beaten = (mine, at);
                foreach (var attempt in running.Values.Where(attempt => cancelled.Contains(attempt.Job.Id))) attempt.Stop(StopReason.Cancelled);
                await ReconcileAsync(mine);
            }
            await progress.FlushAsync(CancellationToken.None);
            await tally.FlushAsync(CancellationToken.None);
        }
        await next.WaitAsync(options.Beat, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Gives back what is held here only by the database's word.
    private async Task ReconcileAsync(JobSession mine)
    {
        if (time.GetElapsedTime(reconciled) < options.Lease / 3) return;
        reconciled = time.GetTimestamp();
        if (!(await mine.HeldAsync(postgres, CancellationToken.None)).Any(job => !holding.ContainsKey((job.Id, job.Claim)))) return;
        // Some may have ended between the look there and the look here. What was not held here before it was looked for there is a stranger.
        var ours = holding.Keys.ToHashSet();
        var strangers = (await mine.HeldAsync(postgres, CancellationToken.None)).Where(job => !ours.Contains((job.Id, job.Claim)) && !holding.ContainsKey((job.Id, job.Claim))).ToList();
        if (strangers.Count == 0) return;
        log.LogWarning("Gave back {Count} jobs whose claim was not answered", strangers.Count);
        await using var connection = await postgres.Source.OpenConnectionAsync();
        await using var command = JobStore.Finish(connection, null, mine.Worker, strangers.ConvertAll(job => JobStore.Release(job)));
        await command.ExecuteNonQueryAsync();
    }

    private async Task StageAsync(CancellationToken ct)
    {
        var soon = stager.Soon;
        var wait = await stager.RunOnceAsync(CancellationToken.None);
        await soon.WaitAsync(wait, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task VacuumAsync(CancellationToken ct)
    {
        await vacuum.RunOnceAsync(ct);
        await vacuum.WaitAsync(ct);
    }

    // From here on nothing that was claimed under it is ours.
    private void Lose(JobSession lost)
    {
        if (Interlocked.CompareExchange(ref session, null, lost) != lost) return;
        log.LogWarning("Lost the lease of job worker {Worker}: its jobs are run again by whoever takes them", lost.Worker);
        foreach (var attempt in running.Values) attempt.Stop(StopReason.LeaseLost);
    }

    private async Task DrainAsync(Task executing)
    {
        draining = true;
        await executing.WaitAsync(options.Drain, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var attempt in running.Values) attempt.Stop(StopReason.Draining, options.DrainGrace / 2);
        // A handler that does not stop is left behind after its grace; one that blocks its thread with its place.
        await executing.WaitAsync(options.DrainGrace, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LeaveAsync()
    {
        if (claiming is not null) await claiming.DisposeAsync();
        try
        {
            if (session is { } mine) await mine.CloseAsync(postgres, CancellationToken.None);
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            log.LogWarning("Job worker {Worker} could not sign off, and its lease will expire: {Error}", session?.Worker, e.Message);
        }
    }

    private async Task<JobSession> OpenAsync(CancellationToken ct)
    {
        var opened = await JobSession.OpenAsync(postgres, options, ct);
        log.LogInformation("Registered as job worker {Worker}", opened.Worker);
        return opened;
    }

    private async Task<NpgsqlConnection> OpenAsync(NpgsqlConnection? connection, string purpose, string? setting, CancellationToken ct)
    {
        if (connection is { FullState: System.Data.ConnectionState.Open }) return connection;
        if (connection is not null) await connection.DisposeAsync();
        connection = await postgres.OpenOwnAsync(purpose, ct);
        if (setting is null) return connection;
        await using var set = new NpgsqlCommand(setting, connection);
        await set.ExecuteNonQueryAsync(ct);
        return connection;
    }

    private async Task RepeatAsync(string what, Func<CancellationToken, Task> tick, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await tick(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                log.LogWarning(TransientFault.Is(e) ? null : e, "{What:l} failed, trying again: {Error}", what, e.Message);
                await Task.Delay(AfterFault, time, CancellationToken.None);
            }
        }
    }
}
