using System.Text.Json;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static App.Tests.Runs.RunClient;

namespace App.Tests.Runs;

/// <summary><c>http.request</c> against a far side on loopback.</summary>
public sealed class HttpRequestStepTests(RunsHost host) : IClassFixture<RunsHost>
{
    private HttpClient Http => host.Http;

    [Fact]
    public async Task Method_headers_and_body_are_sent_and_the_answer_is_the_output()
    {
        var (url, path) = host.NewPath();
        host.Stub.Answer = (_, _, context) =>
        {
            context.Response.Headers["X-Answer"] = "yes";
            return HttpStub.JsonAsync(context, """{"id":42,"text":"\u0000ä"}""", 201);
        };
        var run =
            await Http.RunToEndAsync(
                Step("post", "http.request",
                    new
                    {
                        method = "post",
                        url,
                        headers = new Dictionary<string, string> { ["X-Mine"] = "1", ["Content-Type"] = "application/vnd.mine+json" },
                        body = new { a = new[] { 1, 2 } }
                    }));
        var seen = Assert.Single(host.Stub.At(path));
        Assert.Equal(("POST", """{"a":[1,2]}""", "1", "application/vnd.mine+json"),
            (seen.Method, seen.Body, seen.Header("X-Mine"), seen.Header("Content-Type")));
        Assert.Equal($"{run.GetProperty("id").GetString()}:post", seen.Header("Idempotency-Key"));
        var output = run.OutputOf("post");
        Assert.Equal(201, output.GetProperty("status").GetInt32());
        Assert.Equal("yes", output.GetProperty("headers").GetProperty("x-answer").GetString());
        Assert.Equal((42, "\0ä"),
            (output.GetProperty("body").GetProperty("id").GetInt32(), output.GetProperty("body").GetProperty("text").GetString()));
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task What_may_pass_is_tried_again_under_the_same_key(int status)
    {
        var (url, path) = host.NewPath();
        host.Stub.Answer = (_, times, context) => HttpStub.JsonAsync(context, "{}", times < 3 ? status : 200);
        var run = await Http.RunToEndAsync(Step("call", "http.request", new { url }));
        Assert.Equal("failed failed succeeded", run.AttemptsOf("call"));
        Assert.Single(host.Stub.At(path).Select(request => request.Header("Idempotency-Key")).Distinct());
        Assert.Contains($"answered {status}: {{}}", run.StepOf("call").GetProperty("attempts")[0].GetProperty("error").GetString());
    }

    [Theory]
    [InlineData(400, null, "failed")]
    [InlineData(401, null, "failed")]
    [InlineData(404, null, "failed")]
    [InlineData(404, "[404]", "succeeded")]
    [InlineData(404, "[\"4xx\",200]", "succeeded")]
    [InlineData(200, "[204]", "failed")]
    [InlineData(503, "\"5xx\"", "succeeded")]
    public async Task Other_statuses_end_the_step_at_once(int status, string? accept, string expected)
    {
        var (url, path) = host.NewPath();
        host.Stub.Answer = (_, _, context) => Task.FromResult(context.Response.StatusCode = status);
        var run =
            await Http.RunToEndAsync(
                Step("call", "http.request", accept is null ? new { url } : new { url, acceptStatus = JsonElement.Parse(accept) }));
        Assert.Equal(expected, run.AttemptsOf("call"));
        Assert.Single(host.Stub.At(path));
    }

    [Fact]
    public async Task Attempts_end_where_the_plan_says()
    {
        var (url, path) = host.NewPath();
        host.Stub.Answer = (_, _, context) => Task.FromResult(context.Response.StatusCode = 500);
        var run = await Http.RunToEndAsync(Step("call", "http.request", new { url }, maxAttempts: 2));
        Assert.Equal("failed failed", run.AttemptsOf("call"));
        Assert.Equal(2, host.Stub.At(path).Count);
        Assert.Equal("failed", run.StatusOf());
    }

    [Fact]
    public async Task Nobody_at_the_port_is_a_network_error_and_tried_again()
    {
        // A port below those that are handed out: nobody else's server comes to listen there meanwhile.
        var run = await Http.RunToEndAsync(Step("call", "http.request", new { url = "http://127.0.0.1:1/" }, maxAttempts: 2));
        Assert.Equal("failed failed", run.AttemptsOf("call"));
        Assert.Contains("refused", run.ErrorOf("call"));
    }

    [Fact]
    public async Task Redirects_are_not_followed()
    {
        var ((url, _), (target, targetPath)) = (host.NewPath(), host.NewPath());
        host.Stub.Answer = (_, _, context) =>
        {
            context.Response.Redirect(target);
            return Task.CompletedTask;
        };
        var run = await Http.RunToEndAsync(Step("call", "http.request", new { url }));
        Assert.Equal("failed", run.AttemptsOf("call"));
        Assert.EndsWith($"answered 302 to {target}: redirects are not followed, give the final URL", run.ErrorOf("call"));
        Assert.Empty(host.Stub.At(targetPath));
    }

    [Fact]
    public async Task An_answer_that_is_too_large_fails_the_step()
    {
        host.Stub.Answer = (_, _, context) => context.Response.WriteAsync(new string('x', (1 << 20) + 1));
        var run = await Http.RunToEndAsync(Step("call", "http.request", new { url = host.NewPath().Url }));
        Assert.Equal("failed", run.AttemptsOf("call"));
        Assert.Contains("more than 1,048,576 bytes", run.ErrorOf("call"));
    }

    [Theory]
    [InlineData("http://127.0.0.2:9/")]
    [InlineData("http://[::1]:9/")]
    [InlineData("http://[::ffff:10.0.0.1]/")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://2130706434/")]
    public async Task Private_addresses_are_refused_at_once(string url)
    {
        var run = await Http.RunToEndAsync(Step("call", "http.request", new { url }));
        Assert.Equal("failed", run.AttemptsOf("call"));
        Assert.Contains("EGRESS_ALLOW", run.ErrorOf("call"));
    }
}
