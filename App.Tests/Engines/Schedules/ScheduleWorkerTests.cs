using System.Globalization;
using App.Engines.Background;
using App.Engines.Schedules;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Quartz;

namespace App.Tests.Engines.Schedules;

/// <summary>Workers with real alarms: they wake by themselves, and stop when they are told.</summary>
public sealed class ScheduleWorkerTests : IAsyncLifetime
{
    private readonly TestDatabase database = new();

    public Task InitializeAsync() => database.InitializeAsync();

    public async Task DisposeAsync() => await database.DisposeAsync();

    [Fact]
    public async Task A_schedule_that_cannot_be_fired_keeps_no_other_from_it()
    {
        var broken = ScheduleMember.Every("a-broken", "* * * * * *") with
        { Call = BackgroundCall.Of<BrokenJob>(job => job.RunAsync(CancellationToken.None)) };
        var (member, services, worker) = Make([broken, ScheduleMember.Every("second", "* * * * * *")], jobs =>
        {
            ScheduleMember.AddJob(jobs);
            jobs.AddBackgroundJob<BrokenJob>(job => job with { Queue = "No Queue" });
        });
        await worker.StartAsync(default);
        await Poll.UntilAsync("three seconds have been fired",
            async () => await member.TextAsync("select count(*) >= 3 from schedule_fires where key = 'second'") == "True");
        await worker.StopAsync(default);
        Assert.Equal("0", await member.TextAsync("select count(*) from schedule_fires where key = 'a-broken'"));
        worker.Dispose();
        await services.DisposeAsync();
        await member.DisposeAsync();
    }

    [Fact]
    public async Task Three_workers_fire_every_second_once_and_no_more_when_they_have_drained()
    {
        var members = new List<(ScheduleMember Member, ServiceProvider Services, ScheduleWorker Worker)>();
        for (var i = 0; i < 3; i++) members.Add(Make([ScheduleMember.Every("second", "* * * * * *")], ScheduleMember.AddJob));
        foreach (var (_, _, worker) in members) await worker.StartAsync(default);
        var first = members[0].Member;
        await Poll.UntilAsync("five seconds have been fired",
            async () => await first.TextAsync("select count(*) >= 5 from schedule_fires") == "True");
        // One of them goes: the others go on.
        await members[2].Worker.StopAsync(default);
        await Poll.UntilAsync("three more have", async () => await first.TextAsync("select count(*) >= 8 from schedule_fires") == "True");
        foreach (var (_, _, worker) in members) await worker.StopAsync(default);

        var instants =
            (await first.TextAsync(
                "select string_agg(extract(epoch from scheduled_for)::bigint::text, ' ' order by scheduled_for) from schedule_fires"))
            .Split(' ').Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(0, instants.Count).Select(n => instants[0] + n), instants);
        Assert.Equal($"{instants.Count} {instants.Count} 0", await first.TextAsync("""
            select (select count(*) from hangfire.job) || ' ' || (select count(distinct background_job_id)
                from schedule_fires) || ' ' || (select count(*) from schedule_workers)
            """));
        // None is fired before its time.
        Assert.Equal("True", await first.TextAsync("select bool_and(fired_at >= scheduled_for) from schedule_fires"));
        foreach (var (member, services, worker) in members)
        {
            worker.Dispose();
            await services.DisposeAsync();
            await member.DisposeAsync();
        }
    }

    private (ScheduleMember, ServiceProvider, ScheduleWorker) Make(Schedule[] declared, Action<IServiceCollection> jobs)
    {
        var member = new ScheduleMember(database, declared, jobs: jobs);
        var services = new ServiceCollection().AddLogging()
            .AddSingleton<ScheduleAlarm>().AddQuartz(quartz => quartz.UseInMemoryStore()).BuildServiceProvider();
        var worker = new ScheduleWorker(member.Declarations, member.Firing, member.Runs, services.GetRequiredService<ScheduleAlarm>(),
            member.Options, TimeProvider.System, NullLogger<ScheduleWorker>.Instance);
        return (member, services, worker);
    }

    private sealed class BrokenJob
    {
        public Task RunAsync(CancellationToken ct) => Task.FromCanceled(ct);
    }
}
