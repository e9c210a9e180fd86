using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace App.Engines.Jobs;

/// <summary>The statements of the queue; states change only in the functions of the schema that they call.</summary>
internal static class JobStore
{
    /// <summary>SQLSTATE of a write by a worker whose lease is lost.</summary>
    public const string LeaseLost = "TD003";

    /// <summary>The longest text of an error that is kept.</summary>
    public const int LongestError = 4000;

    private const int LongestResult = 65_536;

    /// <summary>What is written of an attempt.</summary>
    /// <param name="Job">Of which job.</param>
    /// <param name="Outcome">As <c>jobs_finish</c> names it.</param>
    /// <param name="DelaySeconds">Of a retry or a snooze.</param>
    /// <param name="Text">Result or error.</param>
    /// <param name="IsSubstitute">Whether it stands for an end that could not be written.</param>
    public readonly record struct Ending(ClaimedJob Job, string Outcome, double DelaySeconds, string? Text, bool IsSubstitute = false)
    {
        /// <summary>What is written in the same commit.</summary>
        public JobEffect? Effect { get; init; }

        /// <summary>Whether a job that succeeded leaves nothing behind.</summary>
        public bool IsForgotten { get; init; }

        /// <summary>Whether it is tried again, and those behind it in its order must wait for it.</summary>
        public bool HoldsOrder => Outcome is "retry" or "snoozed" or "released";
    }

    /// <summary>The command that adds jobs and answers (job_id, added) for each, in order.</summary>
    public static NpgsqlBatchCommand Enqueue(IReadOnlyList<(NewJob Job, JobKind Kind, string Args)> jobs) => new(
        "select job_id, added from jobs_enqueue($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
    {
        Parameters =
        {
            Array(jobs.Select(j => j.Job.Queue ?? j.Kind.Queue)),
            Array(jobs.Select(j => j.Job.Kind)),
            Array(jobs.Select(j => j.Job.Organization)),
            new() { Value = jobs.Select(j => (short)j.Job.Priority).ToArray() },
            new() { Value = jobs.Select(j => j.Job.Delay.TotalSeconds).ToArray() },
            new() { Value = jobs.Select(j => j.Job.MaxAttempts ?? j.Kind.MaxAttempts).ToArray() },
            Array(jobs.Select(j => j.Args)),
            Array(jobs.Select(j => j.Job.UniqueKey)),
            new() { Value = jobs.Select(j => j.Job.UniqueFor?.TotalSeconds).ToArray(),
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double },
            Array(jobs.Select(j => j.Job.OrderKey)),
            Array(jobs.Select(j => j.Job.Limits.Count == 0 ? null : JsonSerializer.Serialize(j.Job.Limits, JobRegistration.Json))),
            new() { Value = jobs.Select(j => Width(j.Job)).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
        },
    };

    /// <summary>As the table has it: nothing for an order of one at a time.</summary>
    public static int? Width(NewJob job) => job.OrderWidth > 1 ? job.OrderWidth : null;

    /// <summary>The command that takes jobs; see <c>jobs_take</c> in the schema.</summary>
    public static NpgsqlCommand Claim(
        NpgsqlConnection connection, long worker, string[] kinds, int limit, bool ahead, int suspects, bool solo,
        (string Queue, string Organization) after, string? only = null, string[]? except = null, int together = 1,
        JobPrefetch? prefetch = null) =>
        new(prefetch is null ? $"select {Claimed} from {ClaimSql}" : WithPrefetch(prefetch), connection)
        {
            Parameters =
            {
                new() { Value = worker }, new() { Value = kinds }, new() { Value = limit }, new() { Value = ahead },
                new() { Value = suspects }, new() { Value = solo }, new() { Value = after.Queue }, new() { Value = after.Organization },
                Array(only is null ? null : [only]), Array(except ?? []), new() { Value = together },
            },
        };

    /// <summary>Reads a row of <see cref="Claim"/>.</summary>
    /// <param name="reader">At the row.</param>
    /// <param name="prefetch">As the claim was told.</param>
    /// <param name="at">When (a timestamp of the monotonic clock).</param>
    public static (short Rank, ClaimedJob Job) ReadClaimed(NpgsqlDataReader reader, JobPrefetch? prefetch, long at) =>
        (reader.GetInt16(9),
            new ClaimedJob(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4),
            reader.GetInt32(5), reader.GetInt32(6), reader.GetBoolean(7), reader.GetInt32(8), reader.GetInt32(10),
            reader.IsDBNull(11) ? null : reader.GetString(11))
            {
                OrderWidth = reader.GetInt32(12),
                Prefetched = prefetch is not null && !reader.IsDBNull(13) ? new(prefetch.Read(reader, 13), at, prefetch.Fresh) : null,
            });

    private const string Claimed =
        "id, kind, organization, queue, args, attempt, max_attempts, guarded, crashes, rank, claim, order_key, order_width";

    private const string ClaimSql = "jobs_take($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    private static string WithPrefetch(JobPrefetch prefetch) => $"""
        with claimed as materialized (select {Claimed}, row_number() over () as place from {ClaimSql})
        select {string.Join(", ", Claimed.Split(", ").Select(column => "claimed." + column))},
            {string.Join(", ", prefetch.Columns.Select(column => "prefetched." + column))} from claimed
        left join {prefetch.Function}((select array_agg(args order by place) from claimed)) prefetched on prefetched.n = claimed.place
        """;

    /// <summary>The command that writes how attempts ended, and answers the jobs that were still held.</summary>
    public static NpgsqlCommand Finish(NpgsqlConnection connection, NpgsqlTransaction? transaction, long worker,
        IReadOnlyList<Ending> endings)
    {
        var command = new NpgsqlCommand(FinishSql, connection, transaction);
        foreach (var parameter in FinishOf(worker, endings)) command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>The same, with what else the ends write, in one commit.</summary>
    public static NpgsqlBatch FinishWithEffects(NpgsqlConnection connection, long worker, IReadOnlyList<Ending> endings)
    {
        var batch = Effects(connection, endings);
        var finish = new NpgsqlBatchCommand(FinishSql);
        foreach (var parameter in FinishOf(worker, endings)) finish.Parameters.Add(parameter);
        batch.BatchCommands.Add(finish);
        return batch;
    }

    /// <summary>What ends write beside the jobs.</summary>
    public static NpgsqlBatch Effects(NpgsqlConnection connection, IReadOnlyList<Ending> endings)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var effects in endings.Select(ending => ending.Effect).OfType<JobEffect>().GroupBy(effect => effect.GetType()))
            batch.BatchCommands.Add(effects.First().WriteAll([.. effects]));
        return batch;
    }

    private const string FinishSql = "select id from jobs_finish($1, $2, $3, $4, $5, $6, $7)";

    private static NpgsqlParameter[] FinishOf(long worker, IReadOnlyList<Ending> endings) =>
    [
        new() { Value = worker },
        new() { Value = endings.Select(e => e.Job.Id).ToArray() },
        new() { Value = endings.Select(e => e.Job.Claim).ToArray() },
        Array(endings.Select(e => e.IsForgotten ? "forgotten" : e.Outcome)),
        new() { Value = endings.Select(e => e.DelaySeconds).ToArray() },
        Array(endings.Select(e => e.Text)),
        new() { Value = endings.Any(e => e.Job.Guarded) },
    ];

    /// <summary>What is written of a job that goes back into the line, uncharged.</summary>
    public static Ending Release(ClaimedJob job) => new(job, "released", 0, null);

    /// <summary>What an outcome writes.</summary>
    /// <param name="job">The job that it is of.</param>
    /// <param name="kind">Its kind, for the backoff.</param>
    /// <param name="outcome">Anything but settled.</param>
    /// <param name="chance">Uniform in [0, 1), for the jitter.</param>
    public static Ending End(ClaimedJob job, JobKind kind, JobOutcome outcome, double chance) =>
        Of(job, kind, outcome, chance) is var ending && outcome.LeavesOrder && ending.Outcome is "retry" or "snoozed"
            ? ending with { Outcome = ending.Outcome + " aside", Effect = outcome.Effect }
            : ending with { Effect = outcome.Effect };

    private static Ending Of(ClaimedJob job, JobKind kind, JobOutcome outcome, double chance)
    {
        switch (outcome)
        {
            case JobOutcome.Succeeded { Result: null }:
                return new(job, "succeeded", 0, null) { IsForgotten = !kind.KeepsSucceeded };
            case JobOutcome.Succeeded { Result: { } result }:
                string json;
                try
                {
                    json = JsonSerializer.Serialize(result, JobRegistration.Json);
                }
                catch (Exception e)
                {
                    return new(job, "dead", 0,
                        StoredText.Cut($"It succeeded, but its result cannot be written as JSON: {e.Message}", LongestError));
                }
                return System.Text.Encoding.UTF8.GetByteCount(json) <= LongestResult
                    ? new(job, "succeeded", 0, json)
                    : new(job, "dead", 0,
                        $"It succeeded, but its result takes {json.Length} characters of JSON, "
                        + $"and at most {LongestResult} bytes are kept.");
            case JobOutcome.Failed failed when job.Attempt >= job.MaxAttempts:
                return new(job, "dead", 0, StoredText.Cut(failed.Error, LongestError));
            case JobOutcome.Failed failed:
                return new(job, "retry", (failed.After ?? kind.BackoffAfter(job.Attempt, chance)).TotalSeconds,
                    StoredText.Cut(failed.Error, LongestError));
            case JobOutcome.Snoozed snoozed:
                return new(job, "snoozed", snoozed.After.TotalSeconds, null);
            case JobOutcome.Cancelled cancelled:
                return new(job, "cancelled", 0, StoredText.Cut(cancelled.Reason, LongestError));
            case JobOutcome.Died died:
                return new(job, "dead", 0, StoredText.Cut(died.Error, LongestError));
            default:
                return Release(job);
        }
    }

    /// <summary>What is written of an attempt of which nothing else can be.</summary>
    public static Ending Unwritable(ClaimedJob job, Exception fault) =>
        new(job, "dead", 0, StoredText.Cut($"How it ended could not be written: {fault.Message}", LongestError), IsSubstitute: true);

    /// <summary>Ends a job as succeeded in the handler's transaction.</summary>
    public static async Task<JobOutcome> CompleteInAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long worker,
        ClaimedJob claimed, CancellationToken ct)
    {
        await using var command = Finish(connection, transaction, worker, [new(claimed, "succeeded", 0, null)]);
        // Nothing of the caller's transaction may be committed for a job that is another's by now.
        if (await command.ExecuteScalarAsync(ct) is null)
            throw new PostgresException($"job {claimed.Id} is not held by worker {worker} any more", "ERROR", "ERROR", LeaseLost);
        return JobOutcome.Settled.Instance;
    }

    private static NpgsqlParameter Array(IEnumerable<string?>? values) =>
        new() { Value = (object?)values?.ToArray() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
