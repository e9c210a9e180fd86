using App.Engines.Background;
using App.Engines.Schedules;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Tests.Engines.Schedules;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace App.Tests.Scenarios;

/// <summary>
/// Real processes fire the same instants at once, and the database refuses a tenth of their commits: one fire, one job each.
/// </summary>
public sealed class FireOnceTests
{
    /// <summary>First argument of a process that fires.</summary>
    public const string Role = "fire";

    private static readonly DateTime Noon = new(2031, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    // A constraint that is checked at the commit, of which one in ten is made to fail.
    private const string Refusing = """
        create function refuse_some() returns trigger language plpgsql as $$
        begin
            if random() < 0.1 then raise exception 'refused for this test'; end if;
            return null;
        end $$;
        create constraint trigger refuse_some after insert on schedule_fires deferrable initially deferred for each row execute function
            refuse_some();
        """;

    [Fact]
    public async Task Six_processes_fire_the_same_instants_and_each_makes_one_fire_and_one_job()
    {
        var instants = TestScale.Of(60, 500);
        await using var database = await TestDatabase.CreateAsync();
        await using var member = await ScheduleMember.StartAsync(database, ScheduleMember.Every("k", "* * * * * *"));
        await member.SettleAsync("k", Noon);
        await member.ExecuteAsync(Refusing);
        var processes = Enumerable.Range(0, TestScale.Of(3, 6))
            .Select(_ => FiringProcess.Start(database.ConnectionString, instants)).ToList();
        foreach (var process in processes) Assert.Equal(0, await process.ExitAsync());
        foreach (var process in processes) await process.DisposeAsync();
        Assert.Equal($"{instants} {instants} {instants}", await member.TextAsync("""
            select (select count(*) from schedule_fires) || ' ' || (select count(*) from hangfire.job) || ' ' || (select count(*)
                from schedule_fires f join hangfire.job j on j.id = f.background_job_id)
            """));
        Assert.Equal($"{instants}", await member.TextAsync("select count(distinct scheduled_for) from schedule_fires"));
        Assert.Equal($"{instants}", await member.TextAsync("select count(*) from hangfire.jobqueue"));
    }

    /// <summary>Fires every instant in turn, until it is settled, whoever did it.</summary>
    internal static async Task MainAsync(string connection, string instants)
    {
        await using var postgres = new Postgres(connection, connection, Postgres.NewProcessName());
        var services = new ServiceCollection().AddLogging()
            .AddSingleton(postgres).AddSingleton(TimeProvider.System).AddMetrics().AddSingleton<ScheduleMetrics>();
        new BackgroundModule().AddServices(services, Variables.Of(new Dictionary<string, string?>()));
        ScheduleMember.AddJob(services);
        await using var provider = services.BuildServiceProvider();
        var firing = new ScheduleFiring(postgres, provider.GetRequiredService<BackgroundJobs>(),
            provider.GetRequiredService<ScheduleMetrics>(), NullLogger<ScheduleFiring>.Instance);
        var refused = 0;
        for (var second = 1; second <= int.Parse(instants, System.Globalization.CultureInfo.InvariantCulture); second++)
            while (true)
            {
                try
                {
                    await firing.FireDueAsync("k", Noon.AddSeconds(second), default);
                    break;
                }
                catch (Exception e) when (IsRefusal(e))
                {
                    refused++;
                }
            }
        Console.WriteLine($"{refused} commits were refused.");
    }

    private static bool IsRefusal(Exception e) =>
        e is PostgresException { SqlState: PostgresErrorCodes.RaiseException } || (e.InnerException is { } inner && IsRefusal(inner));

    private sealed class FiringProcess : ChildProcess
    {
        private FiringProcess(System.Diagnostics.ProcessStartInfo start) : base(start)
        {
        }

        public static FiringProcess Start(string connection, int instants) =>
            new(new("dotnet", [typeof(FiringProcess).Assembly.Location, Role, connection, $"{instants}"]));
    }
}
