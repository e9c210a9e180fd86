using App.Engines.Schedules;
using App.Platform.Database;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Schedules;

/// <summary>Fires: once each, whoever wakes, and what was missed as the schedule says.</summary>
public sealed class ScheduleFiringTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static readonly DateTime Noon = new(2031, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task However_many_workers_wake_an_instant_fires_once()
    {
        var members = new List<ScheduleMember>();
        for (var i = 0; i < 6; i++) members.Add(await ScheduleMember.StartAsync(database, ScheduleMember.Every("often", "*/10 * * * * *")));
        await members[0].SettleAsync("often", Noon);
        for (var second = 10; second <= 60; second += 10)
        {
            var now = Noon.AddSeconds(second);
            var next = await Task.WhenAll(members.Select(member => Task.Run(() => member.Firing.FireDueAsync("often", now, default))));
            Assert.All(next, at => Assert.Equal(now.AddSeconds(10), at));
        }
        Assert.Equal(
            string.Join(", ", new[] { "00:10", "00:20", "00:30", "00:40", "00:50", "01:00" }.Select(at => $"12:{at} planned often")),
            await members[0].FiresAsync("often"));
        Assert.Equal("6", await members[0].TextAsync("select count(*) from hangfire.job where arguments::text like '%often%'"));
        foreach (var member in members) await member.DisposeAsync();
    }

    [Fact]
    public async Task An_instant_that_has_its_row_is_not_fired_again_whatever_the_plan_says()
    {
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("again"));
        for (var i = 0; i < 2; i++)
        {
            await member.SettleAsync("again", Noon.AddMinutes(-1));
            await member.Firing.FireDueAsync("again", Noon, default);
        }
        Assert.Equal("12:00:00 planned again", await member.FiresAsync("again"));
    }

    [Fact]
    public async Task The_planned_instant_is_stored_however_late_it_is_fired()
    {
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("late"));
        await member.SettleAsync("late", Noon.AddMinutes(-1));
        Assert.Equal(Noon, await member.Firing.FireDueAsync("late", Noon.AddMilliseconds(-1), default));
        Assert.Equal("", await member.FiresAsync("late"));
        Assert.Equal(Noon.AddMinutes(15), await member.Firing.FireDueAsync("late", Noon.AddSeconds(42.4), default));
        Assert.Equal(Noon.ToString("O"),
            (await member.Runs.HistoryAsync("late", long.MaxValue, 10, default))[0].ScheduledFor.ToString("O"));
    }

    [Theory]
    [InlineData(false, "11:45:00 missed {0}, 12:00:00 planned {0}")]
    [InlineData(true, "12:00:00 planned {0}")]
    public async Task What_was_missed_is_caught_up_once_or_skipped(bool skips, string fires)
    {
        var key = skips ? "missed-skipped" : "missed-caught-up";
        var declared = ScheduleMember.Every(key, missed: skips ? MissedPolicy.Skip : MissedPolicy.CatchUpOnce);
        await using var member = await ScheduleMember.StartAsync(database, declared);
        await member.SettleAsync(key, Noon.AddDays(-7));
        await using var other = await ScheduleMember.StartAsync(database, declared);
        foreach (var now in new[] { Noon.AddMinutes(-5), Noon.AddMinutes(-4), Noon })
            await Task.WhenAll(member.Firing.FireDueAsync(key, now, default), other.Firing.FireDueAsync(key, now, default));
        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, fires, key), await member.FiresAsync(key));
    }

    [Fact]
    public async Task A_fire_is_skipped_while_the_job_of_an_earlier_one_has_not_ended()
    {
        await using var member = await ScheduleMember.StartAsync(database,
            ScheduleMember.Every("slow") with { Overlap = OverlapPolicy.Skip });
        await member.SettleAsync("slow", Noon.AddMinutes(-1));
        for (var quarter = 0; quarter < 3; quarter++) await member.Firing.FireDueAsync("slow", Noon.AddMinutes(15 * quarter), default);
        Assert.Equal("12:00:00 planned slow", await member.FiresAsync("slow"));
        Assert.Equal(["skipped", "skipped", "pending"],
            (await member.Runs.HistoryAsync("slow", long.MaxValue, 10, default)).Select(run => run.Status));
        // The last run is the one that runs, and whoever asks by hand gets another.
        Assert.Equal("pending", (await member.Runs.ReadAsync("", 1, "slow", default))[0].Last!.Status);
        await member.Firing.TriggerAsync("slow", default);

        await member.ExecuteAsync("update hangfire.job set statename = 'Failed' where arguments::text like '%slow%'");
        await member.Firing.FireDueAsync("slow", Noon.AddMinutes(45), default);
        await member.Runs.KeepAsync(default);
        await member.Firing.FireDueAsync("slow", Noon.AddMinutes(60), default);
        Assert.EndsWith("12:45:00 planned slow",
            (await member.FiresAsync("slow")).Split(", ").Last(fire => fire.Contains("planned", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Equal(["skipped", "pending", "failed", "skipped", "skipped", "failed"],
            (await member.Runs.HistoryAsync("slow", long.MaxValue, 10, default)).Select(run => run.Status));
    }

    [Fact]
    public async Task A_paused_schedule_is_fired_by_nobody_but_by_hand()
    {
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("quiet"));
        await member.SettleAsync("quiet", Noon.AddMinutes(-1));
        await member.ExecuteAsync("update schedules set paused = true where key = 'quiet'");
        // It is watched on.
        Assert.Equal(Noon.AddMinutes(15), await member.Firing.FireDueAsync("quiet", Noon, default));
        Assert.Equal("", await member.FiresAsync("quiet"));
        var job = await member.Firing.TriggerAsync("quiet", default);
        Assert.Equal($"{job} manual",
            await member.TextAsync("select background_job_id || ' ' || reason from schedule_fires where key = 'quiet'"));
    }

    [Fact]
    public async Task A_worker_leaves_alone_what_it_cannot_run()
    {
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("foreign"));
        await member.SettleAsync("foreign", Noon.AddMinutes(-1));
        await using var stranger = new ScheduleMember(database, [], jobs: _ => { });
        Assert.Null(await stranger.Firing.FireDueAsync("foreign", Noon, default));
        await Assert.ThrowsAsync<ArgumentException>(() => stranger.Firing.TriggerAsync("foreign", default));
        Assert.Equal("", await member.FiresAsync("foreign"));
        Assert.Equal(Noon.AddMinutes(15), await member.Firing.FireDueAsync("foreign", Noon, default));
        Assert.Equal("12:00:00 planned foreign", await member.FiresAsync("foreign"));
    }

    [Fact]
    public async Task A_fire_without_its_job_is_no_fire()
    {
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("whole"));
        await member.SettleAsync("whole", Noon.AddMinutes(-1));
        await using var broken = new ScheduleMember(database, [], jobs: ScheduleMember.AddRefusedJob);
        await Assert.ThrowsAsync<ArgumentException>(() => broken.Firing.FireDueAsync("whole", Noon, default));
        Assert.Equal("0", await member.TextAsync("select count(*) from schedule_fires where key = 'whole'"));
        await member.Firing.FireDueAsync("whole", Noon.AddSeconds(1), default);
        Assert.Equal("12:00:00 planned whole", await member.FiresAsync("whole"));
    }

    [Fact]
    public async Task A_worker_that_sleeps_in_the_middle_of_a_fire_holds_nobody_up()
    {
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("asleep"));
        await member.SettleAsync("asleep", Noon.AddMinutes(-1));
        await using var sleeper = await ShortTransaction.BeginAsync(member.Postgres.Source, default);
        await using (var locked = sleeper.Command("select from schedules where key = 'asleep' for update"))
            await locked.ExecuteNonQueryAsync();
        // On a busy machine its own transaction may be taken for asleep too, and is begun again as by the next tick.
        await Poll.UntilAsync("the fire is made", async () =>
        {
            try
            {
                await member.Firing.FireDueAsync("asleep", Noon, default).WaitAsync(Poll.Patience);
                return true;
            }
            catch (PostgresException e) when (e.SqlState == "25P03")
            {
                return false;
            }
        });
        Assert.Equal("12:00:00 planned asleep", await member.FiresAsync("asleep"));
    }

    [Fact]
    public async Task A_run_is_what_its_job_comes_to_and_stays_when_the_queue_has_forgotten_it()
    {
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("told", "*/10 * * * * *"));
        await member.SettleAsync("told", Noon);
        await member.Firing.FireDueAsync("told", Noon.AddSeconds(40), default);
        Assert.Equal("pending pending pending pending", await StatusesAsync());
        var jobs =
            (await member.TextAsync(
                "select string_agg(background_job_id::text, ' ' order by id) from schedule_fires where key = 'told'")).Split(' ');
        // As Hangfire's workers would: one runs, one has failed for good, one has succeeded.
        await StateAsync(jobs[0], "Processing", "{}");
        await StateAsync(jobs[1], "Processing", "{}");
        await StateAsync(jobs[1], "Failed", """{"ExceptionMessage":"no luck"}""");
        await member.ExecuteAsync(
            $"insert into hangfire.state (jobid, name, createdat) values ({jobs[2]}, 'Processing', "
            + "clock_timestamp() - interval '1500 ms')");
        await StateAsync(jobs[2], "Succeeded", "{}");
        const string Now = "pending succeeded failed running";
        Assert.Equal(Now, await StatusesAsync());
        await member.Runs.KeepAsync(default);
        Assert.Equal(Now, await StatusesAsync());
        await member.ExecuteAsync("delete from hangfire.job");
        Assert.Equal("cancelled succeeded failed cancelled", await StatusesAsync());
        var runs = await member.Runs.HistoryAsync("told", long.MaxValue, 10, default);
        Assert.Equal("no luck", runs[2].Error);
        Assert.InRange(runs[1].DurationMs!.Value, 1500, 60_000);
        Assert.Equal("Its job is no longer there.", runs[0].Error);

        Task StateAsync(string job, string name, string data) => member.ExecuteAsync($$"""
            with s as (insert into hangfire.state (jobid, name, createdat, data) values ({{job}}, '{{name}}', clock_timestamp(), '{{data}}')
                returning id)
            update hangfire.job set statename = '{{name}}', stateid = s.id from s where job.id = {{job}}
            """);

        async Task<string> StatusesAsync() =>
            string.Join(' ', (await member.Runs.HistoryAsync("told", long.MaxValue, 10, default)).Select(run => run.Status));
    }
}
