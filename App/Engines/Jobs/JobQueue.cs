using System.Text;
using System.Text.Json;
using App.Platform.Database;
using App.Platform.Serving;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using NpgsqlTypes;

namespace App.Engines.Jobs;

/// <summary>Adds jobs, in a transaction of the caller's or in commits of their own, and steers those that are there.</summary>
internal sealed class JobQueue
{
    private const int LongestArgs = 262_144;
    private const int LongestName = 128;
    private const int LongestKey = 500;
    private const int MostWidth = 1000;
    private const double LongestSpan = 366 * 86_400.0;
    private const int MostTogether = 1000;

    private readonly Postgres postgres;
    private readonly Dictionary<string, JobKind> known;
    private readonly CallBatcher<(NewJob Job, JobKind Kind, string Args), Enqueued> batcher;

    /// <summary>Knows the kinds that can be added.</summary>
    public JobQueue(Postgres postgres, IEnumerable<JobKind> kinds)
    {
        this.postgres = postgres;
        known = kinds.ToDictionary(kind => kind.Name, StringComparer.Ordinal);
        batcher = new(MostTogether, CommitAsync);
    }

    /// <summary>Adds a job in a commit that it shares with others that are added at the same time.</summary>
    /// <exception cref="ArgumentException">The job cannot be taken as it is.</exception>
    public Task<Enqueued> EnqueueAsync(NewJob job, CancellationToken ct) => batcher.AskAsync(Check(job), ct);

    /// <summary>The commands that add jobs, for a batch of the caller's.</summary>
    public IEnumerable<NpgsqlBatchCommand> Commands(IReadOnlyList<NewJob> jobs) =>
        jobs.Select(Check).Chunk(MostTogether).Select(JobStore.Enqueue);

    /// <summary>Adds jobs in the transaction that is open on the context: they exist exactly when what they are about does.</summary>
    /// <exception cref="InvalidOperationException">No transaction is open.</exception>
    public Task<IReadOnlyList<Enqueued>> EnqueueAsync(DbContext db, IReadOnlyList<NewJob> jobs, CancellationToken ct)
    {
        var transaction = db.Database.CurrentTransaction?.GetDbTransaction() as NpgsqlTransaction
            ?? throw new InvalidOperationException("Open a transaction on the context first: jobs are added in it.");
        return EnqueueAsync(transaction.Connection!, transaction, jobs, ct);
    }

    /// <summary>Adds jobs in the caller's transaction.</summary>
    public async Task<IReadOnlyList<Enqueued>> EnqueueAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        IReadOnlyList<NewJob> jobs, CancellationToken ct)
    {
        var added = new List<Enqueued>(jobs.Count);
        foreach (var command in Commands(jobs))
        {
            await using var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { command } };
            await using var reader = await batch.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) added.Add(new(reader.GetInt64(0), reader.GetBoolean(1)));
        }
        return added;
    }

    /// <summary>Adds many jobs in one commit by COPY; they can be neither unique nor delayed.</summary>
    /// <returns>How many.</returns>
    public async Task<long> EnqueueManyAsync(IEnumerable<NewJob> jobs, CancellationToken ct)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var copy = await connection.BeginBinaryImportAsync(
            "copy jobs (queue, kind, organization, state, priority, rank, max_attempts, args, order_key, order_width, limits) "
            + "from stdin (format binary)", ct);
        var count = 0L;
        foreach (var (job, kind, args) in jobs.Select(Check))
        {
            if (job.UniqueKey is not null || job.Delay > TimeSpan.Zero)
                throw new ArgumentException($"A job of kind '{job.Kind}' is unique or delayed: add it otherwise.", nameof(jobs));
            await copy.StartRowAsync(ct);
            await copy.WriteAsync(job.Queue ?? kind.Queue, ct);
            await copy.WriteAsync(job.Kind, ct);
            await copy.WriteAsync(job.Organization, ct);
            await copy.WriteAsync("queued", ct);
            await copy.WriteAsync((short)job.Priority, ct);
            await copy.WriteAsync((short)job.Priority, ct);
            await copy.WriteAsync(job.MaxAttempts ?? kind.MaxAttempts, ct);
            await copy.WriteAsync(args, ct);
            if (job.OrderKey is null) await copy.WriteNullAsync(ct);
            else await copy.WriteAsync(job.OrderKey, ct);
            if (JobStore.Width(job) is { } width) await copy.WriteAsync((short)width, ct);
            else await copy.WriteNullAsync(ct);
            if (job.Limits.Count == 0) await copy.WriteNullAsync(ct);
            else await copy.WriteAsync(JsonSerializer.Serialize(job.Limits, JobRegistration.Json), NpgsqlDbType.Jsonb, ct);
            count++;
        }
        await copy.CompleteAsync(ct);
        return count;
    }

    /// <summary>Cancels a job: at once when it waits, within seconds when it runs.</summary>
    /// <returns>False: there is no such job, or it has ended.</returns>
    public async Task<bool> CancelAsync(long id, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("select jobs_cancel($1, 'Cancelled by request.')");
        command.Parameters.Add(new() { Value = id });
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Queues jobs again that have ended or that wait for their time, with all their attempts.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> RedriveAsync(IReadOnlyList<long> ids, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("select jobs_redrive($1)");
        command.Parameters.Add(new() { Value = ids.ToArray() });
        return (int)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>
    /// Jobs of a kind that were cancelled or died within the last day, the newest first: for the slice whose they are, to end what they
    /// were about.
    /// </summary>
    public async Task<IReadOnlyList<EndedJob>> EndedAsync(string kind, int limit, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            select id, args, state, coalesce(errors -> -1 ->> 'error', '') from jobs
            where finished_at is not null and finished_at > clock_timestamp() - interval '1 day' and kind = $1 order by finished_at desc
                limit $2
            """);
        command.Parameters.Add(new() { Value = kind });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var ended = new List<EndedJob>();
        while (await reader.ReadAsync(ct))
            ended.Add(new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2) == "cancelled", reader.GetString(3)));
        return ended;
    }

    /// <summary>Changes how many jobs with an order key may run at once, for those that have not ended.</summary>
    public async Task SetOrderWidthAsync(string orderKey, int width, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(
            "update jobs set order_width = $2 where order_key = $1 and order_key is not null and finished_at is null "
            + "and order_width is distinct from $2");
        command.Parameters.Add(new() { Value = orderKey });
        command.Parameters.Add(new() { Value = width > 1 ? (short)width : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Smallint });
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task<IReadOnlyList<Enqueued>> CommitAsync(IReadOnlyList<(NewJob, JobKind, string)> jobs)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { JobStore.Enqueue(jobs) } };
        var added = new List<Enqueued>(jobs.Count);
        await using var reader = await batch.ExecuteReaderAsync();
        while (await reader.ReadAsync()) added.Add(new(reader.GetInt64(0), reader.GetBoolean(1)));
        return added;
    }

    private (NewJob Job, JobKind Kind, string Args) Check(NewJob job)
    {
        if (!known.TryGetValue(job.Kind, out var kind))
            throw new ArgumentException($"There is no kind of job named '{job.Kind}'.", nameof(job));
        if (!kind.ArgsType.IsInstanceOfType(job.Args))
            throw new ArgumentException($"Arguments of kind '{job.Kind}' are of type {kind.ArgsType.Name}, not {job.Args.GetType().Name}.",
                nameof(job));
        // Whatever the table would refuse is refused here: it would take down with it all that are added together.
        if (job.Priority is < -1000 or > 1000)
            throw new ArgumentException($"Priority {job.Priority} is not within -1000 to 1000.", nameof(job));
        if (job.MaxAttempts < 1) throw new ArgumentException($"{job.MaxAttempts} attempts are too few: take 1 or more.", nameof(job));
        CheckName("The queue", job.Queue ?? kind.Queue, LongestName);
        if (job.Organization.Length > 0) CheckName("The organization", job.Organization, LongestName);
        CheckName("The unique key", job.UniqueKey, LongestKey);
        CheckName("The order key", job.OrderKey, LongestKey);
        if (job.OrderWidth is < 1 or > MostWidth)
            throw new ArgumentException($"An order of width {job.OrderWidth} is not within 1 to {MostWidth}.", nameof(job));
        if (job.OrderWidth > 1 && job.Limits.Count > 0)
            throw new ArgumentException("A job whose order is wider than one has no limits besides.", nameof(job));
        foreach (var limit in job.Limits)
        {
            CheckName("The key of a limit", limit.Key, LongestKey);
            if (limit.Concurrency < 1)
                throw new ArgumentException($"Limit '{limit.Key}' lets {limit.Concurrency} jobs run at once: take 1 or more.", nameof(job));
            if (limit.Rate is { } rate && (rate < 1 || limit.Per is null or <= 0 or > LongestSpan))
                throw new ArgumentException(
                    $"Limit '{limit.Key}' lets {rate} jobs start in {limit.Per} s: take 1 or more in a span of up to {LongestSpan} s.",
                    nameof(job));
        }
        var args = JsonSerializer.Serialize(job.Args, kind.ArgsType, JobRegistration.Json);
        if (args.Length > LongestArgs / 4 && Encoding.UTF8.GetByteCount(args) > LongestArgs)
            throw new ArgumentException($"Arguments of kind '{job.Kind}' take more than {LongestArgs} bytes of JSON.", nameof(job));
        return (job, kind, JobTrace.Carry(args, job.Traceparent));
    }

    private static void CheckName(string what, string? name, int longest)
    {
        if (name is null || (name.Length > 0 && name.Length <= longest && StoredText.IsStorable(name))) return;
        throw new ArgumentException($"{what} '{StoredText.Cut(name, longest)}' is not 1 to {longest} characters of valid text.",
            nameof(name));
    }
}
