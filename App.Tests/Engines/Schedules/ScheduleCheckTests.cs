using App.Engines.Schedules;
using App.Platform.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Engines.Schedules;

public sealed class ScheduleCheckTests
{
    [Fact]
    public void Every_fault_of_every_schedule_is_told_at_once()
    {
        var services = new ServiceCollection();
        ScheduleMember.AddJob(services);
        services.AddSchedule(ScheduleMember.Every("good", "0 0 12 ? * MON-FRI", zone: "America/Santiago"));
        services.AddSchedule(ScheduleMember.Every("good"));
        services.AddSchedule(ScheduleMember.Every("Bad key"));
        services.AddSchedule(ScheduleMember.Every("cron", "every day"));
        services.AddSchedule(ScheduleMember.Every("range", "61 * * * *"));
        services.AddSchedule(ScheduleMember.Every("never", "0 0 30 2 *"));
        services.AddSchedule(ScheduleMember.Every("zone", zone: "Europe/Atlantis"));
        services.AddSchedule<UnregisteredJob>("job", "0 4 * * *", "UTC", job => job.RunAsync(CancellationToken.None));
        services.AddSchedule(ScheduleMember.Every("words") with { Description = new string('x', 201) });
        var variables = Variables.Of(new Dictionary<string, string?>());
        ScheduleCheck.Check(services, variables);
        var faults = variables.Faults.Select(fault => fault.Split(" is '")[0]);
        Assert.Equal(
            ["Schedule good: Key", "Schedule Bad key: Key", "Schedule cron: Cron", "Schedule range: Cron", "Schedule never: Cron",
                "Schedule zone: TimeZone", "Schedule job: Call", "Schedule words: Description"],
            faults);
        Assert.Contains("Schedule zone: TimeZone is 'Europe/Atlantis': name a zone of the IANA database, such as Europe/Berlin or UTC.",
            variables.Faults);
        Assert.Contains("Schedule never: Cron is '0 0 30 2 *': it never comes.", variables.Faults);
        Assert.Contains("Schedule job: Call is 'UnregisteredJob.RunAsync': register its class with AddBackgroundJob.", variables.Faults);
        Assert.Throws<InvalidVariablesException>(variables.ThrowIfInvalid);
    }

    private sealed class UnregisteredJob
    {
        public Task RunAsync(CancellationToken ct) => Task.FromCanceled(ct);
    }
}
