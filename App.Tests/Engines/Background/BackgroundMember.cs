using App.Engines.Background;
using App.Engines.Background.Running;
using App.Platform.Configuration;
using App.Platform.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace App.Tests.Engines.Background;

/// <summary>One application's part in background jobs, in this process: a client, and servers where it is a worker.</summary>
internal sealed class BackgroundMember : IAsyncDisposable
{
    private readonly IHost host;

    private BackgroundMember(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;

    public BackgroundJobs Jobs => Services.GetRequiredService<BackgroundJobs>();

    public Postgres Postgres => Services.GetRequiredService<Postgres>();

    /// <summary>Makes one; a worker's servers start at once.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="worker">Whether it runs jobs.</param>
    /// <param name="jobs">Registers its jobs; null: those of <see cref="TestJobs"/>.</param>
    /// <param name="variables">Beside the usual ones.</param>
    public static Task<BackgroundMember> StartAsync(
        string connection, bool worker, Action<IServiceCollection>? jobs = null, params (string Name, string Value)[] variables) =>
        StartAsync(connection, connection, worker, jobs, variables);

    /// <summary>Makes one that works through a pooler.</summary>
    public static async Task<BackgroundMember> StartAsync(
        string pooled, string unpooled, bool worker, Action<IServiceCollection>? jobs = null,
        params (string Name, string Value)[] variables)
    {
        var member = new BackgroundMember(Compose(pooled, unpooled, worker, jobs ?? TestJobs.Add, LogLevel.Error, variables));
        await member.host.StartAsync();
        return member;
    }

    /// <summary>The engine in a host of its own.</summary>
    public static IHost Compose(string pooled, string unpooled, bool worker, Action<IServiceCollection> jobs, LogLevel level,
        params (string Name, string Value)[] variables)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(level);
        builder.Services.AddSingleton(new Postgres(pooled, unpooled, Postgres.NewProcessName()))
            .AddSingleton(TimeProvider.System).AddMetrics();
        var module = new BackgroundModule();
        var given = new Dictionary<string, string?> { ["DRAIN_SECONDS"] = "4" };
        foreach (var (name, value) in variables) given[name] = value;
        module.AddServices(builder.Services, Variables.Of(given));
        if (worker) module.AddWorkers(builder.Services);
        jobs(builder.Services);
        return builder.Build();
    }

    /// <summary>Stops its servers as a drain does.</summary>
    public Task StopAsync() => host.StopAsync();

    public async Task<string> TextAsync(string sql)
    {
        await using var command = Postgres.Source.CreateCommand(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture) ?? "";
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Postgres.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public Task<string> StateAsync(long job) => TextAsync($"select statename from hangfire.job where id = {job}");

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        if (host is IAsyncDisposable disposable) await disposable.DisposeAsync();
    }
}

/// <summary>Jobs that leave traces in the table <c>traces</c>.</summary>
internal static class TestJobs
{
    public const string Tables = """
        create table if not exists traces (job bigint not null, what text not null, pid int not null, number int not null,
            at timestamptz not null default clock_timestamp());
        create table if not exists opened (at timestamptz not null default clock_timestamp());
        """;

    public static void Add(IServiceCollection services) => services
        .AddBackgroundJob<NotedJob>()
        .AddBackgroundJob<OnceJob>(job => job with { Backoff = TimeSpan.FromSeconds(1), LongestBackoff = TimeSpan.FromSeconds(1) })
        .AddBackgroundJob<AgainJob>(job => job with { Backoff = TimeSpan.FromSeconds(1), LongestBackoff = TimeSpan.FromSeconds(1) })
        .AddBackgroundJob<DeafJob>()
        .AddBackgroundJob<ListeningJob>()
        .AddBackgroundJob<FailingJob>(job =>
            job with { Retries = 2, Backoff = TimeSpan.FromSeconds(1), LongestBackoff = TimeSpan.FromSeconds(1) })
        .AddBackgroundJob<SlowJob>(job => job with { Retries = 0, TimeLimit = TimeSpan.FromSeconds(1) })
        .AddBackgroundJob<TrainingJob>(job => job with { Queue = BackgroundQueues.Training });

    public static async Task TraceAsync(NpgsqlConnection connection, BackgroundAttempt attempt, string what)
    {
        await using var command = new NpgsqlCommand("insert into traces (job, what, pid, number) values ($1, $2, $3, $4)", connection);
        foreach (var value in (object[])[attempt.JobId, what, Environment.ProcessId, attempt.Number])
            command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Writes past the fence: what a test looks at, not an effect.</summary>
    public static async Task BeginAsync(Postgres postgres, BackgroundAttempt attempt, string what = "begun")
    {
        await using var connection = await postgres.Source.OpenConnectionAsync();
        await TraceAsync(connection, attempt, what);
    }
}

/// <summary>Notes a word.</summary>
internal sealed class NotedJob(BackgroundAttempt attempt)
{
    public async Task RunAsync(string word, CancellationToken ct)
    {
        await attempt.LogAsync($"noting <b>{word}</b>", ct);
        await attempt.ProgressAsync(0.5, word, ct);
        await attempt.WriteAsync((connection, _) => TestJobs.TraceAsync(connection, attempt, word), ct);
    }
}

/// <summary>Takes a while, and ends with its effect.</summary>
internal sealed class OnceJob(BackgroundAttempt attempt, Postgres postgres)
{
    public async Task RunAsync(int ms, CancellationToken ct)
    {
        await TestJobs.BeginAsync(postgres, attempt);
        await Task.Delay(ms, ct);
        await attempt.CompleteAsync((connection, _) => TestJobs.TraceAsync(connection, attempt, "once"), ct);
        await Task.Delay(ms, CancellationToken.None);
    }
}

/// <summary>Takes a while, has its effect, and ends thereafter.</summary>
internal sealed class AgainJob(BackgroundAttempt attempt, Postgres postgres)
{
    public async Task RunAsync(int ms, CancellationToken ct)
    {
        await TestJobs.BeginAsync(postgres, attempt);
        await Task.Delay(ms, ct);
        await attempt.WriteAsync((connection, _) => TestJobs.TraceAsync(connection, attempt, "again"), ct);
    }
}

/// <summary>Waits until the test opens, listens to nothing, then writes.</summary>
internal sealed class DeafJob(BackgroundAttempt attempt, Postgres postgres)
{
    public async Task RunAsync(string word, CancellationToken ct)
    {
        await TestJobs.BeginAsync(postgres, attempt);
        while (!await IsOpenAsync()) await Task.Delay(50, CancellationToken.None);
        try
        {
            await attempt.WriteAsync((connection, _) => TestJobs.TraceAsync(connection, attempt, word), CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            await TestJobs.BeginAsync(postgres, attempt, "refused");
            throw;
        }
        await TestJobs.BeginAsync(postgres, attempt, ct.IsCancellationRequested ? "cancelled" : "done");
    }

    private async Task<bool> IsOpenAsync()
    {
        try
        {
            await using var look = postgres.Source.CreateCommand("select exists (select from opened)");
            return await look.ExecuteScalarAsync() is true;
        }
        catch (Exception e) when (TransientFault.Is(e))
        {
            return false;
        }
    }
}

/// <summary>Runs until it is told to stop.</summary>
internal sealed class ListeningJob(BackgroundAttempt attempt, Postgres postgres)
{
    public async Task RunAsync(CancellationToken ct)
    {
        await TestJobs.BeginAsync(postgres, attempt);
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        finally
        {
            await TestJobs.BeginAsync(postgres, attempt, "stopped");
        }
    }
}

/// <summary>Fails, always.</summary>
internal sealed class FailingJob(BackgroundAttempt attempt, Postgres postgres)
{
    public async Task RunAsync(CancellationToken ct)
    {
        await TestJobs.BeginAsync(postgres, attempt);
        throw new InvalidOperationException("no luck");
    }
}

/// <summary>Takes longer than it may, and does not listen: what it writes then is refused.</summary>
internal sealed class SlowJob(BackgroundAttempt attempt)
{
    public async Task RunAsync(CancellationToken ct)
    {
        await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await attempt.WriteAsync((connection, _) => TestJobs.TraceAsync(connection, attempt, "late"), CancellationToken.None);
    }
}

/// <summary>Belongs to another queue.</summary>
internal sealed class TrainingJob(BackgroundAttempt attempt)
{
    public Task RunAsync(string word, CancellationToken ct) =>
        attempt.CompleteAsync((connection, _) => TestJobs.TraceAsync(connection, attempt, word), ct);
}
