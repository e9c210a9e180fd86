using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Jobs.Api;

/// <summary>Retry, cancel, delete, many at once, and queues.</summary>
public sealed class JobSteeringTests(JobApi api) : IClassFixture<JobApi>
{
    private readonly string kind = "k" + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task One_job_is_shown_with_arguments_errors_log_and_what_it_waits_for()
    {
        var holder = await api.AddAsync("queued", kind, more: $"order_key = 'o-{kind}'");
        var id = await api.AddAsync("waiting", kind, error: "it broke", args: """{"n":[1,2]}""",
            more: $"order_key = 'o-{kind}', waits_for = 'order:o-{kind}', progress = 0.25, progress_text = 'a quarter'");
        await api.Host.ExecuteAsync($"insert into job_log (job_id, attempt, line) values ({id}, 1, 'hello')");

        var job = await api.GetAsync($"/api/jobs/{id}");

        Assert.Equal("waiting", job.GetProperty("state").GetString());
        Assert.Equal(2, job.GetProperty("args").GetProperty("n")[1].GetInt32());
        Assert.Equal("it broke", job.GetProperty("errors")[0].GetProperty("error").GetString());
        Assert.Equal("hello", job.GetProperty("log")[0].GetProperty("line").GetString());
        Assert.Equal(0.25, job.GetProperty("progress").GetDouble());
        Assert.Equal(holder, job.GetProperty("waitsForJobs")[0].GetInt64());
        var done = await api.GetAsync($"/api/jobs/{await api.AddDoneAsync(kind)}");
        Assert.Equal("succeeded", done.GetProperty("state").GetString());
        Assert.Equal(2, done.GetProperty("result").GetProperty("b").GetInt32());
    }

    [Theory]
    [InlineData("dead", HttpStatusCode.Accepted, "queued")]
    [InlineData("cancelled", HttpStatusCode.Accepted, "queued")]
    [InlineData("scheduled", HttpStatusCode.Accepted, "queued")]
    [InlineData("queued", HttpStatusCode.Conflict, "queued")]
    [InlineData("running", HttpStatusCode.Conflict, "running")]
    [InlineData("waiting", HttpStatusCode.Conflict, "waiting")]
    public async Task Retry_queues_what_has_ended_or_waits_for_its_time(string state, HttpStatusCode status, string after)
    {
        var id = await api.AddAsync(state, kind);
        using var answer = await api.Host.Http.PostAsync($"/api/jobs/{id}/retry", null);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(after, await api.StateAsync(id));
        if (status == HttpStatusCode.Conflict)
            Assert.NotEmpty(
                (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("cure").GetString()!);
    }

    [Fact]
    public async Task A_job_that_has_succeeded_is_not_run_again()
    {
        using var answer = await api.Host.Http.PostAsync($"/api/jobs/{await api.AddDoneAsync(kind)}/retry", null);
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Contains("enqueue a new job", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("queued", HttpStatusCode.Accepted, "cancelled")]
    [InlineData("scheduled", HttpStatusCode.Accepted, "cancelled")]
    [InlineData("waiting", HttpStatusCode.Accepted, "cancelled")]
    [InlineData("running", HttpStatusCode.Accepted, "running")]
    [InlineData("dead", HttpStatusCode.Conflict, "dead")]
    public async Task Cancel_ends_what_has_not_ended(string state, HttpStatusCode status, string after)
    {
        var id = await api.AddAsync(state, kind);
        using var answer = await api.Host.Http.PostAsync($"/api/jobs/{id}/cancel", null);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(after, await api.StateAsync(id));
        if (state == "running") Assert.True(await api.Host.ScalarAsync<bool>($"select cancel_requested from jobs where id = {id}"));
    }

    [Fact]
    public async Task Cancel_waits_for_whoever_is_changing_the_job_without_holding_up_others()
    {
        var id = await api.AddAsync("queued", kind);
        await using var connection = await api.Host.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand($"select 1 from jobs where id = {id} for update", connection))
            await hold.ExecuteNonQueryAsync();

        var cancelling = api.Host.Http.PostAsync($"/api/jobs/{id}/cancel", null);
        // What a claim does that has the row and now wants the limits: they would wait for each other for ever.
        await using (var limits = new Npgsql.NpgsqlCommand("select jobs_lock_limits()", connection)) await limits.ExecuteNonQueryAsync();
        Assert.False(cancelling.IsCompleted);
        await transaction.CommitAsync();

        using var answer = await cancelling;
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("cancelled", await api.StateAsync(id));
    }

    [Fact]
    public async Task Only_what_has_ended_is_deleted()
    {
        var (dead, queued, done) = (await api.AddAsync("dead", kind), await api.AddAsync("queued", kind), await api.AddDoneAsync(kind));
        await api.Host.ExecuteAsync($"insert into job_log (job_id, attempt, line) values ({dead}, 1, 'x')");
        foreach (var (id, status) in new[] { (dead, HttpStatusCode.NoContent), (queued, HttpStatusCode.Conflict),
            (done, HttpStatusCode.NoContent), (dead, HttpStatusCode.NotFound) })
        {
            using var answer = await api.Host.Http.DeleteAsync($"/api/jobs/{id}");
            Assert.Equal(status, answer.StatusCode);
        }
        Assert.Equal([queued], await api.IdsAsync($"?kind={kind}"));
        Assert.Equal(0, await api.Host.ScalarAsync<long>($"select count(*) from job_log where job_id = {dead}"));
    }

    [Fact]
    public async Task Many_are_queued_again_or_cancelled_by_what_they_have_in_common()
    {
        await api.Host.ExecuteAsync($$"""
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args, finished_at, errors)
            select 'default', '{{kind}}', 'acme', 'dead', 0, 0, 3, '{}', now(),
                jsonb_build_array(jsonb_build_object('attempt', 1, 'at', now(), 'error', case when n % 2 = 0 then 'timeout'
                    else 'refused' end))
            from generate_series(1, 2500) n
            """);
        var redriven = await PostAsync("redrive", new { kind, error = "TIMEOUT" });
        Assert.Equal(1250, redriven.GetProperty("redriven").GetInt32());
        Assert.Equal(1250, await CountAsync("dead"));

        var running = await api.AddAsync("running", kind);
        var cancelled = await PostAsync("cancel", new { kind });
        Assert.Equal(1251, cancelled.GetProperty("cancelled").GetInt32());
        Assert.Equal((0, 1250, 1250), (await CountAsync("queued"), await CountAsync("cancelled"), await CountAsync("dead")));
        Assert.Equal("running", await api.StateAsync(running));
    }

    [Theory]
    [InlineData("cancel", "{}", HttpStatusCode.UnprocessableEntity)]
    [InlineData("cancel", """{"state":"dead"}""", HttpStatusCode.UnprocessableEntity)]
    [InlineData("redrive", """{"state":"running"}""", HttpStatusCode.UnprocessableEntity)]
    [InlineData("redrive", """{"status":"dead"}""", HttpStatusCode.BadRequest)]
    public async Task Nothing_is_done_to_many_by_mistake(string what, string body, HttpStatusCode status)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await api.Host.Http.PostAsync($"/api/jobs/{what}", content);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task Changes_need_the_scope_write()
    {
        using var reader = api.Host.Client(Jwt.Of("acme", "read"));
        foreach (var path in (string[])["/api/jobs/1/retry", "/api/jobs/1/cancel", "/api/jobs/redrive", "/api/jobs/cancel",
            "/api/queues/default/pause"])
        {
            using var answer = await reader.PostAsJsonAsync(path, new { });
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_queue_is_paused_and_resumed_and_shows_its_depth()
    {
        await api.AddAsync("queued", kind, more: $"queue = '{kind}', created_at = now() - interval '90 seconds'");
        await api.AddAsync("scheduled", kind, more: $"queue = '{kind}'");
        (await api.Host.Http.PostAsync($"/api/queues/{kind}/pause", null)).Dispose();
        Assert.True(await api.Host.ScalarAsync<bool>($"select paused_at is not null from job_queues where name = '{kind}'"));

        var queue = (await api.GetAsync("/api/queues")).GetProperty("queues")
            .EnumerateArray().Single(one => one.GetProperty("name").GetString() == kind);
        Assert.True(queue.GetProperty("paused").GetBoolean());
        Assert.Equal((1, 1, 0),
            (queue.GetProperty("states").GetProperty("queued").GetInt32(), queue.GetProperty("states").GetProperty("scheduled").GetInt32(),
                queue.GetProperty("states").GetProperty("dead").GetInt32()));
        Assert.InRange(queue.GetProperty("oldestWaitingSeconds").GetDouble(), 90, 300);
        (await api.Host.Http.PostAsync($"/api/queues/{kind}/resume", null)).Dispose();
        Assert.False(await api.Host.ScalarAsync<bool>($"select paused_at is not null from job_queues where name = '{kind}'"));
    }

    private async Task<JsonElement> PostAsync(string what, object filter)
    {
        using var answer = await api.Host.Http.PostAsJsonAsync($"/api/jobs/{what}", filter);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<int> CountAsync(string state) =>
        (int)await api.Host.ScalarAsync<long>($"select count(*) from jobs where kind = '{kind}' and state = '{state}'");
}
