using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Jobs;

/// <summary>What the schema of the queue holds by itself, whatever the code does.</summary>
public sealed class JobSchemaTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string Check = PostgresErrorCodes.CheckViolation;
    private const string Unique = PostgresErrorCodes.UniqueViolation;

    [Theory]
    [InlineData("state = 'done'", Check)]
    [InlineData("state = 'running'", Check)]
    [InlineData("worker = 1", Check)]
    [InlineData("state = 'scheduled'", Check)]
    [InlineData("state = 'waiting'", Check)]
    [InlineData("waits_for = 'limit:k'", Check)]
    [InlineData("state = 'dead'", Check)]
    [InlineData("state = 'cancelled'", Check)]
    [InlineData("finished_at = now()", Check)]
    [InlineData("state = 'running', worker = 1, finished_at = now()", Check)]
    [InlineData("queue = ''", Check)]
    [InlineData("queue = repeat('q', 129)", Check)]
    [InlineData("kind = ''", Check)]
    [InlineData("organization = repeat('o', 129)", Check)]
    [InlineData("priority = 1001", Check)]
    [InlineData("priority = -1001", Check)]
    [InlineData("attempt = -1", Check)]
    [InlineData("max_attempts = 0", Check)]
    [InlineData("args = repeat('x', 262145)", Check)]
    [InlineData("progress = 1.1", Check)]
    [InlineData("progress = -0.1", Check)]
    public Task A_job_that_cannot_be_is_refused(string change, string state) => RefusesAsync(state, $"update jobs set {change}");

    [Theory]
    [InlineData("insert into job_workers (process, concurrency, lease_expires_at) values ('p', 0, now())", Check)]
    [InlineData("insert into job_log (job_id, attempt, line) values (1, 1, repeat('x', 2001))", Check)]
    [InlineData("insert into job_done (id, queue, kind, organization, priority, attempt, max_attempts, args, created_at, started_at, "
        + "worker, result) values (1, 'q', 'k', '', 0, 1, 1, '{}', now(), now(), 1, repeat('x', 65537))", Check)]
    [InlineData("insert into job_uniques values ('k', 1, null), ('k', 2, null)", Unique)]
    [InlineData("insert into job_holds values ('k', 1), ('k', 1)", Unique)]
    [InlineData("insert into job_rates values ('k', now(), now()), ('k', now(), now())", Unique)]
    [InlineData("insert into schedules (key, cron, time_zone, description, job_kind, job_args, missed, declared, planned_through) "
        + "values ('Upper', '', '', '', '', '', 'skip', true, now())", Check)]
    [InlineData("insert into schedules (key, cron, time_zone, description, job_kind, job_args, missed, declared, planned_through) "
        + "values ('k', '', '', '', '', '', 'never', true, now())", Check)]
    [InlineData("insert into schedules (key, cron, time_zone, description, job_kind, job_args, missed, overlap, declared, "
        + "planned_through) values ('k', '', '', '', '', '', 'skip', 'often', true, now())", Check)]
    [InlineData("insert into schedules (key, cron, time_zone, description, job_kind, job_args, missed, declared, planned_through) "
        + "values ('k', '', '', '', '', '', 'skip', true, now()); insert into schedule_fires (key, scheduled_for, reason, status, job_id) "
        + "values ('k', now(), 'planned', 'skipped', 1)", Check)]
    [InlineData("insert into schedules (key, cron, time_zone, description, job_kind, job_args, missed, declared, planned_through) "
        + "values ('k', '', '', '', '', '', 'skip', true, now()); insert into schedule_fires (key, scheduled_for, reason) "
        + "values ('k', '2026-01-01', 'planned'), ('k', '2026-01-01', 'manual')", Unique)]
    public Task A_row_beside_jobs_that_cannot_be_is_refused(string statement, string state) => RefusesAsync(state, statement);

    private async Task RefusesAsync(string state, string statement)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var job = new NpgsqlCommand(
            "insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args) "
            + "values ('q', 'k', '', 'queued', 0, 0, 1, '{}')", connection, transaction))
            await job.ExecuteNonQueryAsync();
        await using var command = new NpgsqlCommand(statement, connection, transaction);
        Assert.Equal(state, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState);
    }
}
