using App.Engines.Schedules;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Schedules;

/// <summary>Versions side by side: which declarations are in force, and when.</summary>
public sealed class ScheduleDeclarationsTests : IAsyncLifetime
{
    private readonly TestDatabase database = new();
    private readonly List<ScheduleMember> members = [];

    public Task InitializeAsync() => database.InitializeAsync();

    public async Task DisposeAsync()
    {
        foreach (var member in members) await member.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_changed_cron_takes_effect_at_the_next_start_and_misses_nothing_of_the_old_plan()
    {
        var before = await StartAsync(ScheduleMember.Every("k", "0 4 * * *"));
        await before.SettleAsync("k", new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await before.Declarations.LeaveAsync(default);
        var after = await StartAsync(ScheduleMember.Every("k", "0 5 * * *"));
        Assert.Equal("0 5 * * * t", await RowAsync(after));
        Assert.Equal("True", await after.TextAsync("select planned_through > now() - interval '1 minute' from schedules"));
    }

    [Fact]
    public async Task An_unchanged_plan_goes_on_where_it_stood()
    {
        var before = await StartAsync(ScheduleMember.Every("k"));
        await before.SettleAsync("k", new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var after = await StartAsync(ScheduleMember.Every("k") with { Description = "In other words." });
        Assert.Equal("2020 In other words.",
            await after.TextAsync("select extract(year from planned_through) || ' ' || description from schedules"));
    }

    [Fact]
    public async Task An_older_worker_does_not_fight_a_newer_one_even_when_it_is_restarted()
    {
        var older = await StartAsync(ScheduleMember.Every("k", "0 4 * * *"));
        var newer = await StartAsync(ScheduleMember.Every("k", "0 5 * * *"));
        await older.Declarations.TickAsync(default);
        var restarted = await StartAsync(ScheduleMember.Every("k", "0 4 * * *"));
        foreach (var member in members) await member.Declarations.TickAsync(default);
        Assert.Equal("0 5 * * * t", await RowAsync(restarted));
        // All fire by the plan that is in force.
        var four = new DateTime(2031, 3, 1, 4, 0, 0, DateTimeKind.Utc);
        await newer.SettleAsync("k", four.AddHours(-1));
        Assert.Equal(four.AddHours(1), await older.Firing.FireDueAsync("k", four, default));
        await Task.WhenAll(members.Select(member => member.Firing.FireDueAsync("k", four.AddHours(1), default)));
        Assert.Equal("05:00:00 planned k", await newer.FiresAsync("k"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_version_that_is_gone_back_to_takes_over_when_the_newer_has_ended(bool drained)
    {
        await StartAsync(ScheduleMember.Every("k", "0 4 * * *"));
        var newer = await StartAsync(ScheduleMember.Every("k", "0 5 * * *"));
        var back = await StartAsync(ScheduleMember.Every("k", "0 4 * * *"));
        Assert.Equal("0 5 * * * t", await RowAsync(back));
        if (drained) await newer.Declarations.LeaveAsync(default);
        else await back.ExecuteAsync(
            $"update schedule_workers set expires_at = clock_timestamp() where process = '{newer.Postgres.ProcessName}'");
        await back.Declarations.TickAsync(default);
        Assert.Equal("0 4 * * * t", await RowAsync(back));
        // And is now the newer itself.
        await newer.Declarations.TickAsync(default);
        Assert.Equal("0 4 * * * t", await RowAsync(back));
    }

    [Fact]
    public async Task What_is_no_longer_declared_is_kept_and_does_not_fire()
    {
        var before = await StartAsync(ScheduleMember.Every("k"), ScheduleMember.Every("kept"));
        await before.Firing.TriggerAsync("k", default);
        var after = await StartAsync(ScheduleMember.Every("kept"));
        Assert.Equal("*/15 * * * * f", await RowAsync(after));
        Assert.Equal(["kept"], await after.Runs.DeclaredAsync(default));
        Assert.Null(await before.Firing.FireDueAsync("k", new DateTime(2031, 3, 1, 12, 0, 0, DateTimeKind.Utc), default));
        Assert.Null(await before.Firing.TriggerAsync("k", default));
        Assert.Single(await after.Runs.HistoryAsync("k", long.MaxValue, 10, default));
        // It comes back without what it has missed.
        await after.SettleAsync("k", new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var again = await StartAsync(ScheduleMember.Every("k"), ScheduleMember.Every("kept"), ScheduleMember.Every("more"));
        Assert.Equal("True", await again.TextAsync("select planned_through > now() - interval '1 minute' from schedules where key = 'k'"));
    }

    [Fact]
    public async Task A_pause_outlives_starts_and_versions()
    {
        var before = await StartAsync(ScheduleMember.Every("k", "0 4 * * *"));
        await before.ExecuteAsync("update schedules set paused = true");
        var after = await StartAsync(ScheduleMember.Every("k", "0 5 * * *"));
        Assert.Equal("True", await after.TextAsync("select paused from schedules"));
    }

    [Fact]
    public async Task At_start_every_schedule_is_run_once_by_all_workers_together()
    {
        var declared = new[] { ScheduleMember.Every("a"), ScheduleMember.Every("b"), ScheduleMember.Every("paused") };
        var first = await StartAsync(declared);
        await first.ExecuteAsync("update schedules set paused = true where key = 'paused'");
        // A worker without the variable is none of those that start.
        for (var i = 0; i < 5; i++) members.Add(new ScheduleMember(database, declared, runsInitially: true));
        await Task.WhenAll(members.Select(member => Task.Run(() => member.Declarations.TickAsync(default))));
        await Task.WhenAll(members.Select(member => Task.Run(() => member.Declarations.TickAsync(default))));
        Assert.Equal("a initial, b initial", await FiresAsync());
        foreach (var member in members) await member.Declarations.LeaveAsync(default);
        var restarted = new ScheduleMember(database, declared, runsInitially: true);
        members.Add(restarted);
        await restarted.Declarations.TickAsync(default);
        Assert.Equal("a initial, b initial, a initial, b initial", await FiresAsync());

        Task<string> FiresAsync() => first.TextAsync("select string_agg(key || ' ' || reason, ', ' order by id) from schedule_fires");
    }

    private async Task<ScheduleMember> StartAsync(params Schedule[] declared)
    {
        var member = await ScheduleMember.StartAsync(database, declared);
        members.Add(member);
        return member;
    }

    private static Task<string> RowAsync(ScheduleMember member) =>
        member.TextAsync("select cron || ' ' || left(declared::text, 1) from schedules where key = 'k'");
}
