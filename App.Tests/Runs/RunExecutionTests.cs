using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static App.Tests.Runs.RunClient;

namespace App.Tests.Runs;

/// <summary>Plans that are carried out: order, data, failures, retries.</summary>
public sealed class RunExecutionTests(RunsHost host) : IClassFixture<RunsHost>
{
    private HttpClient Http => host.Http;

    [Fact]
    public async Task An_empty_plan_has_succeeded_at_once()
    {
        using var response = await Http.PostAsJsonAsync("/api/runs", Plan());
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var created = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("succeeded", created.StatusOf());
        Assert.Equal($"/api/runs/{created.GetProperty("id").GetString()}", response.Headers.Location!.ToString());
        Assert.Equal("succeeded", (await Http.RunAsync(created.GetProperty("id").GetString()!)).StatusOf());
    }

    [Fact]
    public async Task A_diamond_runs_in_order_and_hands_values_on()
    {
        var (url, path) = host.NewPath();
        host.Stub.Answer = (request, _, context) =>
            HttpStub.JsonAsync(context, request.Path == path ? """{"user":{"name":"Ada","tags":["x","y"]},"n":7}""" : "{}");
        var run = await Http.RunToEndAsync(
            Step("join", "transform",
                new
                {
                    template = new
                    {
                        left = "{{steps.left.output}}",
                        text = "{{steps.right.output}} of {{ run.goal }}",
                        id = "{{run.id}}",
                        literal = @"\{{x}}"
                    }
                }, ["left", "right"]),
            Step("left", "transform",
                new { from = "{{steps.fetch.output.body}}", pick = new { name = "user.name", second = "user.tags[1]" } }, ["fetch"]),
            Step("right", "transform", new { from = "{{steps.fetch.output}}", pick = "body.n" }, ["fetch"]),
            Step("fetch", "http.request", new { url }));
        Assert.Equal("succeeded", run.StatusOf());
        var join = run.OutputOf("join");
        Assert.Equal("""{"name":"Ada","second":"y"}""", join.GetProperty("left").GetRawText());
        Assert.Equal("7 of test", join.GetProperty("text").GetString());
        Assert.Equal(run.GetProperty("id").GetString(), join.GetProperty("id").GetString());
        Assert.Equal("{{x}}", join.GetProperty("literal").GetString());
        Assert.Equal(7, run.OutputOf("right").GetInt32());
        Assert.Equal("succeeded", run.AttemptsOf("join"));
        Assert.True(
            run.StepOf("join")
                .GetProperty("startedAt").GetDateTimeOffset() >= run.StepOf("left").GetProperty("endedAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task Steps_that_need_not_wait_run_at_the_same_time()
    {
        var both = new TaskCompletionSource();
        var inside = 0;
        host.Stub.Answer = async (_, _, _) =>
        {
            if (Interlocked.Increment(ref inside) == 2) both.SetResult();
            await both.Task.WaitAsync(Poll.Patience);
        };
        var run = await Http.RunToEndAsync(Step("a", "http.request", new { url = host.NewPath().Url }),
            Step("b", "http.request", new { url = host.NewPath().Url }));
        Assert.Equal("succeeded succeeded", run.StepsOf());
    }

    [Fact]
    public async Task A_failing_step_skips_what_depends_on_it_and_others_finish()
    {
        host.Stub.Answer = (request, _, context) =>
        {
            context.Response.StatusCode = request.Method == "DELETE" ? 404 : 200;
            return Task.CompletedTask;
        };
        var run = await Http.RunToEndAsync(
            Step("bad", "http.request", new { url = host.NewPath().Url, method = "DELETE" }),
            Step("after", "delay", new { ms = 0 }, ["bad"]),
            Step("later", "delay", new { ms = 0 }, ["after", "good"]),
            Step("good", "http.request", new { url = host.NewPath().Url }),
            Step("fine", "delay", new { ms = 50 }, ["good"]));
        Assert.Equal("failed", run.StatusOf());
        Assert.Equal("failed skipped skipped succeeded succeeded", run.StepsOf());
        Assert.Equal("bad", run.GetProperty("error").GetProperty("step").GetString());
        Assert.Contains("answered 404", run.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("failed", run.AttemptsOf("bad"));
    }

    [Fact]
    public async Task With_continueOnError_the_run_goes_on_and_can_see_the_error()
    {
        host.Stub.Answer = (_, _, context) => Task.FromResult(context.Response.StatusCode = 400);
        var run = await Http.RunToEndAsync(
            Step("bad", "http.request", new { url = host.NewPath().Url }, continueOnError: true),
            Step("after", "transform", new { template = "{{steps.bad.status}}: {{steps.bad.error}}" }, ["bad"]));
        Assert.Equal("succeeded", run.StatusOf());
        Assert.Equal("failed succeeded", run.StepsOf());
        Assert.Matches("^failed: GET .* answered 400", run.OutputOf("after").GetString());
    }

    [Fact]
    public async Task A_path_that_leads_nowhere_fails_the_step_at_once_and_is_named()
    {
        host.Stub.Answer = (_, _, context) => HttpStub.JsonAsync(context, """{"a":1}""");
        var run = await Http.RunToEndAsync(
            Step("fetch", "http.request", new { url = host.NewPath().Url }),
            Step("use", "transform", new { template = "{{steps.fetch.output.body.user.name}}" }, ["fetch"]));
        Assert.Equal("failed", run.StatusOf());
        Assert.Equal("failed", run.AttemptsOf("use"));
        Assert.Equal("'{{steps.fetch.output.body.user.name}}' leads nowhere: there is no 'user' in an object with a.", run.ErrorOf("use"));
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_one_that_failed()
    {
        host.Stub.Answer = async (_, times, context) =>
        {
            if (times == 1)
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        // Long enough for the second attempt, which is answered at once, on any machine.
        var run = await Http.RunToEndAsync(Step("slow", "http.request", new { url = host.NewPath().Url }, timeoutMs: 4000));
        Assert.Equal("failed succeeded", run.AttemptsOf("slow"));
        Assert.Contains("longer than 4000 ms", run.StepOf("slow").GetProperty("attempts")[0].GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_resolved_input_is_checked_again()
    {
        var run = await Http.RunToEndAsync(
            Step("text", "transform", new { template = "not a url" }),
            Step("call", "http.request", new { url = "{{steps.text.output}}" }, ["text"]));
        Assert.Equal("failed", run.AttemptsOf("call"));
        Assert.StartsWith("input.url is 'not a url': give an absolute http://", run.ErrorOf("call"));
    }

    [Fact]
    public async Task A_delay_holds_no_worker()
    {
        // More waits than the worker runs jobs at once, and longer ones than any machine is slow.
        var steps = Enumerable.Range(0, 24).Select(i => Step($"d{i}", "delay", new { ms = 3_600_000 })).ToArray();
        var id = await Http.StartRunAsync(steps);
        await Poll.UntilAsync("all wait", async () => (await Http.RunAsync(id)).StepsOf().Split(' ').All(status => status == "waiting"));
        Assert.Equal(0, await host.App.ScalarAsync<long>("select count(*) from jobs where state = 'running'"));

        // And the place is free: another run goes through while they wait.
        var run = await Http.RunToEndAsync(Step("d0", "delay", new { ms = 1500 }));
        Assert.Equal("succeeded", run.StatusOf());
        Assert.Equal("succeeded", run.AttemptsOf("d0"));
        var attempt = run.StepOf("d0").GetProperty("attempts")[0];
        Assert.True(
            attempt.GetProperty("endedAt")
                .GetDateTimeOffset() - attempt.GetProperty("startedAt").GetDateTimeOffset() >= TimeSpan.FromMilliseconds(1500));
        await host.App.ExecuteAsync($"select jobs_cancel(job_id, 'The test is over.') from run_steps where run_id = '{id}'");
    }

    [Fact]
    public async Task Many_steps_in_a_chain_and_side_by_side()
    {
        var steps = Enumerable.Range(0, 200)
            .Select(i => Step($"s{i}", "transform", new { template = i }, i > 0 && i < 100 ? [$"s{i - 1}"] : [])).ToArray();
        var run = await Http.RunToEndAsync(steps);
        Assert.Equal("succeeded", run.StatusOf());
        Assert.All(run.GetProperty("steps").EnumerateArray(), step => Assert.Equal("succeeded", step.StatusOf()));
    }

    [Fact]
    public async Task A_job_that_is_cancelled_past_its_run_fails_the_step()
    {
        var id = await Http.StartRunAsync(Step("wait", "delay", new { ms = 3_600_000 }), Step("after", "delay", new { ms = 0 }, ["wait"]));
        await Http.UntilStepAsync(id, "wait", "waiting");
        await host.App.ExecuteAsync($"select jobs_cancel(job_id, 'Because.') from run_steps where run_id = '{id}' and name = 'wait'");
        var run = await Http.UntilAsync(id, "failed");
        Assert.Equal("failed skipped", run.StepsOf());
        Assert.Matches(@"^Its job \d+ is cancelled\. Because\.$", run.ErrorOf("wait"));
    }
}
