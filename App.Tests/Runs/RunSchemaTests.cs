using App.Runs;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Runs;

/// <summary>What the schema itself holds, whatever the code does.</summary>
public sealed class RunSchemaTests(AppHost host) : IClassFixture<AppHost>
{
    private const string Run = "00000000-0000-0000-0000-000000000001";

    [Theory]
    [InlineData("insert into run_attempts (run_id, step, number, status, worker) values ('{0}', 's', 2, 'running', 'w')", "23505")]
    [InlineData("insert into run_attempts (run_id, step, number, status, worker) values ('{0}', 's', 1, 'succeeded', 'w')", "23514")]
    [InlineData("update run_attempts set status = 'done' where run_id = '{0}'", "23514")]
    [InlineData("update run_attempts set status = 'succeeded' where run_id = '{0}'", "23514")]
    [InlineData("update run_attempts set status = 'failed', ended_at = now() where run_id = '{0}'", "23514")]
    [InlineData("update run_steps set status = 'succeeded', ended_at = now() where run_id = '{0}'", "23514")]
    [InlineData("update run_steps set status = 'failed', ended_at = now() where run_id = '{0}'", "23514")]
    [InlineData("update run_steps set status = 'skipped' where run_id = '{0}'", "23514")]
    [InlineData("update run_steps set activation = 0 where run_id = '{0}'", "23514")]
    [InlineData("insert into run_steps (run_id, name, position, handler, input, depends_on, timeout_ms, max_attempts, continue_on_error) "
        + "values ('{0}', 'a b', 1, 'x', '{}', '{}', 1, 1, false)", "23514")]
    [InlineData("update runs set status = 'failed', ended_at = now() where id = '{0}'", "23514")]
    [InlineData("update runs set status = 'succeeded' where id = '{0}'", "23514")]
    [InlineData("update runs set priority = 1001 where id = '{0}'", "23514")]
    [InlineData("insert into runs (id, organization, goal, priority, status, idempotency_key, payload_hash) "
        + "values (gen_random_uuid(), 'o', '', 0, 'pending', 'k', sha256(''))", "23505")]
    public async Task What_must_not_be_cannot_be(string statement, string state)
    {
        await host.ExecuteAsync($$"""
            delete from runs where id = '{{Run}}';
            insert into runs (id, organization, goal, priority, status, idempotency_key, payload_hash)
                values ('{{Run}}', 'o', '', 0, 'running', 'k', sha256(''));
            insert into run_steps (run_id, name, position, handler, input, depends_on, timeout_ms, max_attempts, continue_on_error, status,
                activation)
            values ('{{Run}}', 's', 0, 'x', '{}', '{}', 1, 1, false, 'running', 1);
            insert into run_attempts (run_id, step, number, status, worker) values ('{{Run}}', 's', 1, 'running', 'w')
            """);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => host.ExecuteAsync(statement.Replace("{0}", Run)));
        Assert.Equal(state, refused.SqlState);
    }

    [Theory]
    [InlineData(RunState.Succeeded)]
    [InlineData(RunState.Failed)]
    [InlineData(RunState.Cancelled)]
    public void What_has_ended_well_or_was_cancelled_stays_so(string status)
    {
        foreach (var next in new[] { RunState.Running, RunState.Succeeded, RunState.Failed, RunState.Cancelled })
            Assert.Equal(status == RunState.Failed && next == RunState.Running, RunState.RunBefore(next).Contains(status));
    }
}
