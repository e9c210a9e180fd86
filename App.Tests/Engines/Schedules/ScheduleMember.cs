using App.Engines.Background;
using App.Engines.Schedules;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Engines.Schedules;

/// <summary>
/// One worker's part in schedules, driven tick by tick; several of them are several processes, of one version or of more.
/// </summary>
internal sealed class ScheduleMember : IAsyncDisposable
{
    private readonly ServiceProvider services;

    private readonly TestMeters meters = new();

    public ScheduleMember(TestDatabase database, IEnumerable<Schedule> declared, bool runsInitially = false,
        Action<IServiceCollection>? jobs = null)
    {
        Postgres = new Postgres(database.ConnectionString, database.ConnectionString, $"member/{Guid.NewGuid():N}");
        Options = new ScheduleOptions { RunInitially = runsInitially, Lifetime = TimeSpan.FromHours(1) };
        var background = new ServiceCollection().AddLogging().AddSingleton(Postgres).AddSingleton(TimeProvider.System).AddMetrics();
        new BackgroundModule().AddServices(background, Variables.Of(new Dictionary<string, string?>()));
        (jobs ?? AddJob)(background);
        services = background.BuildServiceProvider();
        Firing = new ScheduleFiring(Postgres, services.GetRequiredService<BackgroundJobs>(), new ScheduleMetrics(meters),
            NullLogger<ScheduleFiring>.Instance);
        Declarations = new ScheduleDeclarations(Postgres, Options, declared, Firing, NullLogger<ScheduleDeclarations>.Instance);
        Runs = new ScheduleRuns(Postgres);
    }

    public Postgres Postgres { get; }

    public ScheduleOptions Options { get; }

    public ScheduleFiring Firing { get; }

    public ScheduleDeclarations Declarations { get; }

    public ScheduleRuns Runs { get; }

    /// <summary>No queue is called so: its jobs are refused.</summary>
    public static void AddRefusedJob(IServiceCollection services) =>
        services.AddBackgroundJob<ScheduledJob>(job => job with { Queue = "No Queue" });

    public static void AddJob(IServiceCollection services) => services.AddBackgroundJob<ScheduledJob>();

    public static Schedule Every(string key, string cron = "*/15 * * * *", MissedPolicy missed = MissedPolicy.CatchUpOnce,
        string zone = "UTC") =>
        new(key, cron, zone, BackgroundCall.Of<ScheduledJob>(job => job.RunAsync(key, CancellationToken.None)),
            missed)
        { Overlap = OverlapPolicy.Queue };

    public static async Task<ScheduleMember> StartAsync(TestDatabase database, params IReadOnlyList<Schedule> declared)
    {
        var member = new ScheduleMember(database, declared);
        await member.Declarations.TickAsync(default);
        return member;
    }

    /// <summary>Sets where the plan of a schedule is settled.</summary>
    public Task SettleAsync(string key, DateTime through) =>
        ExecuteAsync($"update schedules set planned_through = '{through:O}' where key = '{key}'");

    /// <summary>Fires with the word that their jobs carry: <c>12:00:00 planned a</c>.</summary>
    public Task<string> FiresAsync(string key) => TextAsync(
        "select string_agg(to_char(scheduled_for at time zone 'UTC', 'HH24:MI:SS') || ' ' || reason || ' ' || trim('\"' "
        + "from j.arguments ->> 0), ', ' order by scheduled_for) from schedule_fires f join hangfire.job j on j.id = f.background_job_id "
        + $"where key = '{key}'");

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

    public async ValueTask DisposeAsync()
    {
        meters.Dispose();
        await services.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}

/// <summary>What the schedules of these tests start; nobody runs it.</summary>
internal sealed class ScheduledJob
{
    public Task RunAsync(string word, CancellationToken ct) => Task.FromException(new InvalidOperationException(word));
}
