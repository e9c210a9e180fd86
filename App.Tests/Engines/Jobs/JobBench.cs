using System.Collections.Concurrent;
using System.Globalization;
using App.Engines.Jobs;
using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Jobs;

/// <summary>What a job of a test is about.</summary>
/// <param name="Name">Names it in what a test asserts.</param>
internal sealed record Errand(string Name);

/// <summary>A fresh database with the queue in it, and the workers of a test, of which each is as a process of its own.</summary>
internal sealed class JobBench : IAsyncDisposable
{
    private readonly TestDatabase database;
    private readonly List<JobProcess> processes = [];

    private JobBench(TestDatabase database)
    {
        this.database = database;
        Source = NpgsqlDataSource.Create(database.ConnectionString);
    }

    /// <summary>Kinds that every process of a bench knows unless it is told otherwise.</summary>
    public static IReadOnlyList<JobKind> Kinds { get; } =
    [
        new() { Name = "errand", MaxAttempts = 3, Backoff = TimeSpan.FromMilliseconds(1) },
        new() { Name = "slow", MaxAttempts = 3, Backoff = TimeSpan.FromHours(1), LongestBackoff = TimeSpan.FromDays(1) },
        new() { Name = "hasty", MaxAttempts = 1, Timeout = TimeSpan.FromMilliseconds(50) },
    ];

    /// <summary>Quick in all that is waited for, with a lease that a busy machine does not lose.</summary>
    public static JobOptions Options { get; } = new()
    {
        Concurrency = 4,
        Heartbeat = TimeSpan.FromSeconds(5),
        Drain = TimeSpan.FromMilliseconds(100),
        DrainGrace = TimeSpan.FromMilliseconds(200),
        KeepDone = TimeSpan.FromDays(1),
        KeepDead = TimeSpan.FromDays(1),
        Tick = TimeSpan.FromMilliseconds(50),
        Poll = TimeSpan.FromMilliseconds(50),
        Grace = TimeSpan.FromMilliseconds(100),
    };

    /// <summary>For queries of a test.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Connection string of the database.</summary>
    public string ConnectionString => database.ConnectionString;

    /// <summary>What the handlers of the bench do; done at once, unless the test says otherwise.</summary>
    public Func<Errand, JobContext, CancellationToken, Task<JobOutcome>> Do { get; set; } = (_, _, _) => Task.FromResult(JobOutcome.Done());

    /// <summary>Attempts that began, in their order.</summary>
    public ConcurrentQueue<(string Name, long Id, int Attempt)> Began { get; } = [];

    /// <summary>Makes one.</summary>
    public static async Task<JobBench> CreateAsync() => new(await TestDatabase.CreateAsync());

    /// <summary>A process, of which nothing runs yet.</summary>
    public JobProcess Process(JobOptions? options = null, IReadOnlyList<JobKind>? kinds = null, string? connectionString = null,
        params IReadOnlyList<JobPool> pools)
    {
        var process = new JobProcess(this, options ?? Options, kinds ?? Kinds, connectionString ?? ConnectionString, pools);
        processes.Add(process);
        return process;
    }

    /// <summary>A process that runs jobs.</summary>
    public async Task<JobProcess> StartAsync(JobOptions? options = null, IReadOnlyList<JobKind>? kinds = null,
        params IReadOnlyList<JobPool> pools)
    {
        var process = Process(options, kinds, null, pools);
        await process.StartAsync();
        return process;
    }

    /// <summary>A worker that claims and finishes when the test says so.</summary>
    public async Task<HandWorker> HandAsync()
    {
        var postgres = Process().Get<Postgres>();
        return new(this, await JobSession.OpenAsync(postgres, HandWorker.Options, default), postgres);
    }

    /// <summary>Adds jobs one after the other and answers their ids.</summary>
    public async Task<long[]> AddAsync(params NewJob[] jobs)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var added = await Process().Queue.EnqueueAsync(connection, transaction, jobs, default);
        await transaction.CommitAsync();
        return [.. added.Select(one => one.Id)];
    }

    /// <summary>A job of the kind <c>errand</c>.</summary>
    public static NewJob Errand(string name) => new("errand", new Errand(name));

    /// <summary>One value as text; empty when null.</summary>
    public async Task<string> TextAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>Runs a statement.</summary>
    public async Task<int> ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>Where a job is: <c>queued 0</c>, with the attempts that it was charged with.</summary>
    public Task<string> StateAsync(long id) =>
        TextAsync(
            $"select state || ' ' || attempt from jobs where id = {id} union all select 'done ' || attempt from job_done where id = {id}");

    /// <summary>Waits until a job is in a state.</summary>
    public async Task UntilAsync(long id, string state)
    {
        var last = "";
        await Poll.UntilAsync($"job {id} is {state}", async () => (last = await StateAsync(id)) == state, whatElse: () => $"It is {last}.");
    }

    /// <summary>Waits until a statement answers the value.</summary>
    public async Task UntilAsync(string sql, string value)
    {
        var last = "";
        await Poll.UntilAsync($"'{sql}' answers {value}", async () => (last = await TextAsync(sql)) == value,
            whatElse: () => $"It answers {last}.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes) await process.DisposeAsync();
        await Source.DisposeAsync();
        await database.DisposeAsync();
    }
}
