using System.Net.Http.Json;
using System.Text.Json;
using App.Engines.Jobs;
using App.Engines.Jobs.Api;
using App.Engines.Jobs.Upkeep;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Observability;
using App.Tests.Engines.Jobs.Api;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Engines.Jobs.Upkeep;

/// <summary>What is old goes, what is needed comes in time, and what stands in the way of vacuum is named.</summary>
public sealed class JobUpkeepTests : IAsyncLifetime
{
    private readonly JobApi api = new();
    private readonly ManualTime time = new(new DateTimeOffset(2031, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly JobOptions options =
        JobOptions.Read(Variables.Of(
            new Dictionary<string, string?> { ["JOB_RETENTION_HOURS"] = "24", ["JOB_DEAD_RETENTION_DAYS"] = "7" })) with
        { PinnedAfter = TimeSpan.Zero };
    private readonly TestDatabase database = new();
    private Postgres postgres = null!;

    public async Task InitializeAsync()
    {
        await database.InitializeAsync();
        await api.StartAsync(database.Url);
        postgres = new(database.ConnectionString, database.ConnectionString, "upkeep");
    }

    public async Task DisposeAsync()
    {
        await postgres.DisposeAsync();
        await api.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Days_of_succeeded_jobs_are_made_ahead_and_dropped_when_they_are_old()
    {
        var partitions = new JobPartitions(postgres, options, time, NullLogger<JobPartitions>.Instance);
        await DoneAsync("2031-02-20T00:00:00Z");
        await partitions.RunOnceAsync(default);
        Assert.Equal(0, await CountAsync("job_done"));
        await DoneAsync("2031-03-01T10:00:00Z");
        Assert.Equal((1, 0), (await CountAsync("job_done_20310301"), await CountAsync("job_done_rest")));

        time.Advance(TimeSpan.FromHours(35));
        Assert.DoesNotContain("job_done_20310301", await partitions.RunOnceAsync(default));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Contains("job_done_20310301", await partitions.RunOnceAsync(default));
        Assert.Equal(0, await CountAsync("job_done"));
    }

    [Fact]
    public async Task Today_has_a_partition_from_the_first_migration_on() =>
        Assert.True(
            await api.Host.ScalarAsync<bool>(
                "select to_regclass('job_done_' || to_char(now() at time zone 'utc', 'YYYYMMDD')) is not null "
                + "or to_regclass('job_done_' || to_char((now() - interval '1 day') at time zone 'utc', 'YYYYMMDD')) is not null"));

    [Fact]
    public async Task What_is_older_than_it_is_kept_is_deleted_and_nothing_else()
    {
        var (old, young, alive) = (await api.AddAsync("dead"), await api.AddAsync("cancelled"), await api.AddAsync("queued"));
        await api.Host.ExecuteAsync($"""
            update jobs set finished_at = '2031-02-22T11:59:00Z' where id = {old};
            update jobs set finished_at = '2031-02-22T12:01:00Z' where id = {young};
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args, finished_at) select 'q', 'many', '',
                'dead', 0, 0, 1, '', '2031-01-01T00:00:00Z' from generate_series(1, 6000);
            insert into job_log (job_id, attempt, at, line)
                values ({old}, 1, '2031-02-01T00:00:00Z', 'x'), ({young}, 1, '2031-02-28T00:00:00Z', 'y');
            insert into job_uniques
                values ('expired', {young}, '2031-03-01T11:00:00Z'), ('expired but alive', {alive}, '2031-03-01T11:00:00Z'),
                    ('while it lives', {alive}, null), ('later', {young}, '2031-03-01T13:00:00Z');
            insert into job_rates
                values ('old', '2031-03-01T10:00:00Z', '2031-03-01T10:00:00Z'), ('new', '2031-03-01T10:00:00Z', '2031-03-01T11:30:00Z');
            insert into job_minutes
                values ('2031-02-20T00:00:00Z', 'k', 'succeeded', 1, 1), ('2031-02-28T00:00:00Z', 'k', 'succeeded', 1, 1)
            """);

        Assert.Equal(6005, await new JobPruning(postgres, options, time, NullLogger<JobPruning>.Instance).RunOnceAsync(default));

        Assert.Equal(("gone", "cancelled", "queued"),
            (await api.StateAsync(old), await api.StateAsync(young), await api.StateAsync(alive)));
        Assert.Equal("y", await api.Host.ScalarAsync<string>("select string_agg(line, ',') from job_log"));
        Assert.Equal("expired but alive,later,while it lives",
            await api.Host.ScalarAsync<string>("select string_agg(key, ',' order by key) from job_uniques"));
        Assert.Equal("new", await api.Host.ScalarAsync<string>("select string_agg(key, ',') from job_rates"));
        Assert.Equal(1, await CountAsync("job_minutes"));
    }

    [Fact]
    public async Task A_transaction_that_pins_dead_rows_is_named_in_health_and_metrics_until_it_ends()
    {
        var pins = new JobPins(postgres, options);
        await using var forgotten =
            new Npgsql.NpgsqlConnection(
                new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString)
                {
                    ApplicationName = "nightly report",
                    Pooling = false
                }.ConnectionString);
        await forgotten.OpenAsync();
        await using (var transaction = await forgotten.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead))
        {
            await using (var look = new Npgsql.NpgsqlCommand("select count(*) from jobs", forgotten, transaction))
                await look.ExecuteScalarAsync();
            var pin = Assert.Single(await pins.FindAsync(default), pin => pin.Name == "nightly report");
            Assert.Equal(("transaction", forgotten.ProcessID, "idle in transaction"), (pin.Holder, pin.Pid, pin.State));

            var health = await new JobHealth(new JobFigures(postgres, time), pins).CheckAsync(default);
            Assert.Equal(HealthStatus.Degraded, health.Status);
            Assert.Contains($"pid {forgotten.ProcessID} ('nightly report', idle in transaction)", health.Note, StringComparison.Ordinal);
            Assert.Contains(await ShownAsync(pins),
                line =>
                    line.StartsWith("tandem_jobs_pinned_seconds{holder=\"transaction\",name=\"nightly report\"", StringComparison.Ordinal));
            await transaction.RollbackAsync();
            Assert.DoesNotContain(await ShownAsync(pins), line => line.Contains("nightly report", StringComparison.Ordinal));
        }
        Assert.DoesNotContain(await pins.FindAsync(default), pin => pin.Name == "nightly report");
    }

    [Fact]
    public async Task Attempts_that_ended_are_added_to_their_minute_once()
    {
        var tallies = (JobTally[])[new(postgres), new(postgres)];
        foreach (var tally in tallies)
        {
            tally.Add("k", "succeeded", TimeSpan.FromSeconds(2));
            tally.Add("k", "succeeded", TimeSpan.FromSeconds(1));
            tally.Add("k", "retry", TimeSpan.FromSeconds(4));
            await tally.FlushAsync(default);
            await tally.FlushAsync(default);
        }
        Assert.Equal("retry 2 8,succeeded 4 6",
            await api.Host.ScalarAsync<string>(
                "select string_agg(outcome || ' ' || attempts || ' ' || seconds, ',' order by outcome) "
                + "from (select outcome, sum(attempts) as attempts, sum(seconds) as seconds from job_minutes group by outcome) m"));
        var overview = await api.GetAsync("/api/jobs/overview");
        Assert.Equal((4, 2),
            (overview.GetProperty("minutes").EnumerateArray().Sum(one => one.GetProperty("succeeded").GetInt32()),
                overview.GetProperty("hours").EnumerateArray().Sum(one => one.GetProperty("failed").GetInt32())));
        Assert.Equal((60, 24), (overview.GetProperty("minutes").GetArrayLength(), overview.GetProperty("hours").GetArrayLength()));
    }

    [Fact]
    public async Task Health_and_metrics_tell_depth_age_and_workers()
    {
        await api.Host.ExecuteAsync($"update jobs set created_at = now() - interval '2 hours' where id = {await api.AddAsync("queued")}");
        await api.AddAsync("dead");
        using var answer = await api.Host.Http.GetAsync("/health");
        var queue = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("queue");
        Assert.Equal("degraded", queue.GetProperty("status").GetString());
        Assert.Equal("No worker runs jobs.", queue.GetProperty("note").GetString());
        Assert.Equal(1, queue.GetProperty("details").GetProperty("dead").GetInt32());

        await api.Host.ExecuteAsync(
            "insert into job_workers (process, concurrency, lease_expires_at) values ('p', 8, now() + interval '1 hour')");
        var health =
            await new JobHealth(new JobFigures(postgres, time),
                new JobPins(postgres, options with { PinnedAfter = TimeSpan.FromHours(1) })).CheckAsync(default);
        Assert.StartsWith("Jobs of queue 'default' have waited for 72", health.Note, StringComparison.Ordinal);
        var shown = await ShownAsync(new JobPins(postgres, options));
        Assert.Contains("tandem_jobs_waiting{queue=\"default\",state=\"queued\"} 1", shown);
        Assert.Contains("tandem_jobs_waiting{queue=\"default\",state=\"running\"} 0", shown);
        Assert.Contains("tandem_jobs_workers 1", shown);
        Assert.Contains(shown,
            line => line.StartsWith("tandem_jobs_oldest_waiting_seconds{queue=\"default\"} 72", StringComparison.Ordinal));
    }

    // What the gauges of the queue show.
    private async Task<IReadOnlyList<string>> ShownAsync(JobPins pins)
    {
        using var meters = new TestMeters();
        var gauges = new JobGauges(new JobFigures(postgres, time), pins, meters, time);
        await gauges.RunOnceAsync(default);
        return meters.Observe();
    }

    private Task DoneAsync(string at) => api.Host.ExecuteAsync($$"""
        insert into job_done (id, queue, kind, organization, priority, attempt, max_attempts, args, created_at, started_at, finished_at,
            worker)
        values (1, 'q', 'k', '', 0, 1, 1, '{}', '{{at}}', '{{at}}', '{{at}}', 1)
        """);

    private Task<long> CountAsync(string table) => api.Host.ScalarAsync<long>($"select count(*) from {table}");
}
