using App.Engines.Jobs;
using App.Engines.Schedules;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Engines.Schedules;

/// <summary>One worker's part in schedules, driven tick by tick; several of them are several processes, of one version or of more.</summary>
internal sealed class ScheduleMember : IAsyncDisposable
{
    public static readonly JobKind Kind = new() { Name = "test.noted", ArgsType = typeof(NotedArgs) };

    private readonly TestMeters meters = new();

    public ScheduleMember(TestDatabase database, IEnumerable<Schedule> declared, bool runsInitially = false, IReadOnlyList<JobKind>? kinds = null)
    {
        Postgres = new Postgres(database.ConnectionString, database.ConnectionString, $"member/{Guid.NewGuid():N}");
        Options = new ScheduleOptions { RunInitially = runsInitially, Lifetime = TimeSpan.FromHours(1) };
        kinds ??= [Kind];
        Firing = new ScheduleFiring(Postgres, new JobQueue(Postgres, kinds), kinds, new ScheduleMetrics(meters), NullLogger<ScheduleFiring>.Instance);
        Declarations = new ScheduleDeclarations(Postgres, Options, declared, Firing, NullLogger<ScheduleDeclarations>.Instance);
        Runs = new ScheduleRuns(Postgres);
    }

    public Postgres Postgres { get; }

    public ScheduleOptions Options { get; }

    public ScheduleFiring Firing { get; }

    public ScheduleDeclarations Declarations { get; }

    public ScheduleRuns Runs { get; }

    public static Schedule Every(string key, string cron = "*/15 * * * *", MissedPolicy missed = MissedPolicy.CatchUpOnce, string zone = "UTC") =>
        new(key, cron, zone, Kind.Name, new NotedArgs(key), missed) { Overlap = OverlapPolicy.Queue };

    public static async Task<ScheduleMember> StartAsync(TestDatabase database, params IReadOnlyList<Schedule> declared)
    {
        var member = new ScheduleMember(database, declared);
        await member.Declarations.TickAsync(default);
        return member;
    }

    /// <summary>Sets where the plan of a schedule is settled.</summary>
    public Task SettleAsync(string key, DateTime through) => ExecuteAsync($"update schedules set planned_through = '{through:O}' where key = '{key}'");

    /// <summary>Fires with the jobs that they made: <c>12:00:00 planned noted a</c>.</summary>
    public Task<string> FiresAsync(string key) => TextAsync(
        $"select string_agg(to_char(scheduled_for at time zone 'UTC', 'HH24:MI:SS') || ' ' || reason || ' ' || j.kind || ' ' || (j.args::jsonb ->> 'word'), ', ' order by scheduled_for) from schedule_fires f join jobs j on j.id = f.job_id where key = '{key}'");

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

    public ValueTask DisposeAsync()
    {
        meters.Dispose();
        return Postgres.DisposeAsync();
    }
}

internal sealed record NotedArgs(string Word);
