using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Observability;
using App.Runs;
using App.Runs.Execution;
using App.Runs.Upkeep;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using static App.Tests.Runs.RunClient;

namespace App.Tests.Runs.Upkeep;

/// <summary>Old runs go, health and metrics tell of those that wait, and a change is notified.</summary>
public sealed class RunUpkeepTests : IAsyncLifetime
{
    private static readonly ManualTime Time = new(new DateTimeOffset(2031, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private AppHost host = null!;
    private Postgres postgres = null!;
    private TestDatabase database = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        host = await AppHost.StartAsync(database.Url);
        postgres = new Postgres(database.ConnectionString, database.ConnectionString, "upkeep");
    }

    public async Task DisposeAsync()
    {
        await postgres.DisposeAsync();
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Theory]
    [InlineData("30", "active young", 41)]
    [InlineData("0", "active old young", 0)]
    public async Task Runs_go_with_all_that_hangs_on_them_when_they_ended_longer_ago_than_they_are_kept(string days,
        string left, int pruned)
    {
        await host.ExecuteAsync("""
            insert into runs (id, organization, goal, priority, status, created_at, ended_at) select gen_random_uuid(), 'o', 'old', 0,
                'succeeded', '2031-01-01', '2031-01-30T11:59:00Z' from generate_series(1, 41);
            insert into runs (id, organization, goal, priority, status, created_at, ended_at)
                values (gen_random_uuid(), 'o', 'young', 0, 'succeeded', '2031-01-01', '2031-01-30T12:01:00Z');
            insert into runs (id, organization, goal, priority, status, created_at)
                values (gen_random_uuid(), 'o', 'active', 0, 'running', '2030-01-01');
            insert into run_steps (run_id, name, position, handler, input, depends_on, timeout_ms, max_attempts, continue_on_error, status,
                activation, output, ended_at)
            select id, 's', 0, 'x', '{}', '{}', 1, 1, false, 'succeeded', 1, '1', now() from runs;
            insert into run_attempts (run_id, step, number, status, worker, ended_at) select id, 's', 1, 'succeeded', 'w', now() from runs;
            insert into run_events (run_id, id, step, status) select id, 1, 's', 'succeeded' from runs
            """);
        var options = RunOptions.Read(Variables.Of(new Dictionary<string, string?> { ["RUN_RETENTION_DAYS"] = days }));
        Assert.Equal(pruned, await new RunPruning(postgres, options, Time, NullLogger<RunPruning>.Instance).RunOnceAsync(default));
        Assert.Equal(left, await host.ScalarAsync<string>("select string_agg(distinct goal, ' ' order by goal) from runs"));
        Assert.True(
            await host.ScalarAsync<bool>(
                "select (select count(*) from runs) = all(array[(select count(*) from run_steps), (select count(*) "
                + "from run_attempts), (select count(*) from run_events)])"));
    }

    [Fact]
    public async Task Health_and_metrics_tell_how_many_wait_and_for_how_long()
    {
        var figures = new RunFigures(postgres);
        Assert.Equal((HealthStatus.Up, null), await HealthAsync());
        await host.Http.StartRunAsync(Step("a", "transform", new { template = 1 }));
        Assert.Equal((HealthStatus.Up, null), await HealthAsync());
        await host.ExecuteAsync("update runs set created_at = now() - interval '2 hours'");
        Assert.Equal(HealthStatus.Degraded, (await HealthAsync()).Status);
        Assert.StartsWith("A run has waited for 72", (await HealthAsync()).Note, StringComparison.Ordinal);

        using var meters = new TestMeters();
        var gauges = new RunGauges(figures, meters, Time);
        await gauges.RunOnceAsync(default);
        var shown = meters.Observe();
        Assert.Contains("tandem_runs_active{status=\"pending\"} 1", shown);
        Assert.Contains("tandem_runs_active{status=\"running\"} 0", shown);
        Assert.Contains(shown, line => line.StartsWith("tandem_runs_oldest_pending_seconds 72", StringComparison.Ordinal));

        async Task<(HealthStatus Status, string? Note)> HealthAsync() =>
            await new RunHealth(figures).CheckAsync(default) is var health ? (health.Status, health.Note) : default;
    }

    [Fact]
    public async Task A_change_of_a_run_is_told_to_those_who_follow_it_in_other_processes()
    {
        var id = Guid.Parse(await host.Http.StartRunAsync(Step("ask", "human.approval", new { })));
        using var notifications = new Notifications(postgres, NullLogger<Notifications>.Instance);
        var signals = new RunSignals(notifications);
        // When it begins to listen, whatever may have been missed is looked at.
        var listening = signals.Next(id);
        await notifications.StartAsync(default);
        await listening.WaitAsync(Poll.Patience);
        var (mine, another) = (signals.Next(id), signals.Next(Guid.NewGuid()));
        (await host.Http.PostAsync($"/api/runs/{id}/cancel", null)).Dispose();
        await mine.WaitAsync(Poll.Patience);
        Assert.False(another.IsCompleted);
        await notifications.StopAsync(default);
    }
}
