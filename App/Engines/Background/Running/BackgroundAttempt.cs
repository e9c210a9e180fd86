using System.Text.Json;
using App.Platform.Database;
using Hangfire.Server;
using Hangfire.States;
using Npgsql;

namespace App.Engines.Background.Running;

/// <summary>
/// One execution of a background job, for the job itself: <c>internal sealed class PruneFires(BackgroundAttempt attempt)</c>.
/// What a job writes goes through it, and is refused once the job is another's, cancelled or past its time limit.
/// </summary>
internal sealed class BackgroundAttempt
{
    /// <summary>Parameter of a job: how far it is.</summary>
    public const string ProgressParameter = "Progress";

    /// <summary>Parameter of a job: the last lines that it logged.</summary>
    public const string LogParameter = "Log";

    private const int MostLines = 200;
    private static readonly TimeSpan ProgressPause = TimeSpan.FromMilliseconds(500);

    // A parameter is written only for the attempt that holds the job.
    private const string ParameterSql = """
        with held as (select id from hangfire.job where id = $1 and stateid = $2 for no key update),
        changed as (update hangfire.jobparameter p set value = $4 from held where p.jobid = held.id and p.name = $3 returning p.id),
        added as (insert into hangfire.jobparameter (jobid, name, value) select id, $3, $4 from held where not exists (select from changed))
        select exists (select from held)
        """;

    private readonly Postgres postgres;
    private readonly FencedStates states;
    private readonly AttemptFence fence;
    private readonly TimeProvider time;
    private readonly DateTime createdAt;
    private readonly DateTimeOffset startedAt;
    private readonly CancellationToken limit;
    private readonly List<string> lines = [];
    private long toldAt;

    /// <summary>An attempt that begins now.</summary>
    internal BackgroundAttempt(Postgres postgres, FencedStates states, AttemptFence fence, PerformContext context, TimeProvider time,
        CancellationToken limit)
    {
        (this.postgres, this.states, this.fence, this.time, this.limit) = (postgres, states, fence, time, limit);
        (createdAt, startedAt) = (context.BackgroundJob.CreatedAt, time.GetUtcNow());
        Number = context.GetJobParameter<int>("RetryCount", allowStale: true) + 1;
        Fire = context.GetJobParameter<long?>(BackgroundJobs.FireParameter, allowStale: true);
    }

    /// <summary>The job.</summary>
    public long JobId => fence.JobId;

    /// <summary>Counted from 1; a job that a crash or a drain has cut off is run again under the same number.</summary>
    public int Number { get; }

    /// <summary>The fire of a schedule that made the job.</summary>
    public long? Fire { get; }

    /// <summary>What an effect outside the database is told, so that it happens once: the same in every attempt.</summary>
    public string IdempotencyKey => Fire is { } fire ? $"fire-{fire}" : $"background-{JobId}";

    /// <summary>Writes to the database, in one commit, unless the job is another's by now.</summary>
    /// <param name="effects">Writes, on the connection that it is given and on no other.</param>
    /// <param name="ct">The job's token.</param>
    /// <exception cref="JobAbortedException">The attempt has lost its job; nothing was written.</exception>
    public async Task WriteAsync(Func<NpgsqlConnection, CancellationToken, Task> effects, CancellationToken ct)
    {
        RequireTime();
        await using var transaction = await ShortTransaction.BeginAsync(postgres.Source, ct);
        if (!await fence.HoldsAsync(transaction, ct)) throw new JobAbortedException();
        await effects(transaction.Connection, ct);
        RequireTime();
        await transaction.CommitAsync();
    }

    /// <summary>
    /// Writes to the database and ends the job as succeeded, in one commit: exactly once, whatever is killed when. It is
    /// the last thing that a job does.
    /// </summary>
    /// <param name="effects">Writes, on the connection that it is given and on no other.</param>
    /// <param name="ct">The job's token.</param>
    /// <exception cref="JobAbortedException">The attempt has lost its job; nothing was written.</exception>
    public async Task CompleteAsync(Func<NpgsqlConnection, CancellationToken, Task> effects, CancellationToken ct)
    {
        RequireTime();
        await using var transaction = await ShortTransaction.BeginAsync(postgres.Source, ct);
        if (!await states.SucceedAsync(transaction, fence, () => effects(transaction.Connection, ct), Succeeded, ct))
            throw new JobAbortedException();
        RequireTime();
        await transaction.CommitAsync();
        fence.End();
    }

    /// <summary>Shows on the job's page how far it is; told more often than twice a second, what comes between is left out.</summary>
    /// <param name="fraction">0 to 1.</param>
    /// <param name="text">What it is at.</param>
    /// <param name="ct">The job's token.</param>
    public async Task ProgressAsync(double fraction, string? text, CancellationToken ct)
    {
        if (fraction < 1 && toldAt != 0 && time.GetElapsedTime(toldAt) < ProgressPause) return;
        toldAt = time.GetTimestamp();
        await SetAsync(ProgressParameter, new AttemptProgress(Math.Clamp(fraction, 0, 1), text), ct);
    }

    /// <summary>Adds a line to the job's page; the last 200 of the attempt are kept.</summary>
    public async Task LogAsync(string line, CancellationToken ct)
    {
        lines.Add($"{time.GetUtcNow():HH:mm:ss.fff} {line}");
        if (lines.Count > MostLines) lines.RemoveAt(0);
        await SetAsync(LogParameter, lines, ct);
    }

    private async Task SetAsync<T>(string name, T value, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(ParameterSql);
        foreach (var parameter in (object[])[fence.JobId, fence.StateId, name, JsonSerializer.Serialize(value, JsonSerializerOptions.Web)])
            command.Parameters.Add(new() { Value = parameter });
        if (await command.ExecuteScalarAsync(ct) is not true) throw new JobAbortedException();
    }

    // Also for a job that does not listen to its token.
    private void RequireTime()
    {
        if (limit.IsCancellationRequested) throw new TimeoutException("The time limit of the job has passed: it can write nothing more.");
    }

    private SucceededState Succeeded() =>
        new(null, (long)(startedAt.UtcDateTime - createdAt).TotalMilliseconds, (long)(time.GetUtcNow() - startedAt).TotalMilliseconds)
        {
            Reason = "Committed with its effects",
        };
}

/// <summary>How far a job is.</summary>
internal sealed record AttemptProgress(double Fraction, string? Text);
