using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using static App.Tests.Runs.RunClient;

namespace App.Tests.Runs;

/// <summary><c>llm.complete</c> against both kinds of providers.</summary>
public sealed class LlmCompleteStepTests(RunsHost host) : IClassFixture<RunsHost>
{
    private const string OpenAiPath = "/openai/v1/chat/completions";
    private const string AnthropicPath = "/anthropic/v1/messages";

    private const string OfOpenAi =
        """
        {"model":"gpt-x-2","choices":[{"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":11,"completion_tokens":3}}
        """;

    private const string OfAnthropic =
        """
        {"model":"claude-x-2","content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo."}],
        "stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":5}}
        """;

    // Usage is per organization, so each test has one of its own.
    private readonly HttpClient http = host.App.ClientOfItsOwn();

    [Fact]
    public async Task OpenAi_is_asked_and_understood()
    {
        host.Stub.Answer = (_, _, context) => HttpStub.JsonAsync(context, OfOpenAi);
        var run =
            await http.RunToEndAsync(
                Step("ask", "llm.complete",
                    new { system = "Be brief.", prompt = "Hi {{run.goal}}", model = "gpt-x", maxTokens = 9, temperature = 0.5 }));
        Assert.Equal(
            """{"text":"Hello.","provider":"openai","model":"gpt-x-2","stopReason":"stop","usage":{"inputTokens":11,"outputTokens":3}}""",
            run.OutputOf("ask").GetRawText());
        var seen = host.Stub.At(OpenAiPath)[^1];
        Assert.Equal(
            """{"model":"gpt-x","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi test"}],"""
            + "\"max_tokens\":9,\"temperature\":0.5}", seen.Body);
        Assert.Equal(("Bearer openai-key-of-this-test", $"{run.GetProperty("id").GetString()}:ask"),
            (seen.Header("Authorization"), seen.Header("Idempotency-Key")));
    }

    [Fact]
    public async Task Anthropic_is_asked_and_understood()
    {
        host.Stub.Answer = (_, _, context) => HttpStub.JsonAsync(context, OfAnthropic);
        var run = await http.RunToEndAsync(Step("ask", "llm.complete", new
        {
            provider = "anthropic",
            model = "claude-x",
            system = "Be brief.",
            messages = new[] { new { role = "user", content = "Hi" }, new { role = "assistant", content = "Yes?" },
                new { role = "user", content = "Go on" } },
        }));
        Assert.Equal(
            """{"text":"Hello.","provider":"anthropic","model":"claude-x-2","stopReason":"end_turn","""
            + "\"usage\":{\"inputTokens\":7,\"outputTokens\":5}}",
            run.OutputOf("ask").GetRawText());
        var seen = host.Stub.At(AnthropicPath)[^1];
        Assert.Equal(
            """{"model":"claude-x","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes?"},"""
            + """{"role":"user","content":"Go on"}],"max_tokens":1024,"system":"Be brief."}""", seen.Body);
        Assert.Equal(("anthropic-key-of-this-test", "2023-06-01"), (seen.Header("x-api-key"), seen.Header("anthropic-version")));
    }

    [Theory]
    [InlineData("openai", 429)]
    [InlineData("anthropic", 529)]
    public async Task Too_many_requests_and_overload_wait_as_they_are_told(string provider, int status)
    {
        var answers = 0;
        host.Stub.Answer = (request, _, context) =>
        {
            context.Response.Headers.RetryAfter = "1";
            return Interlocked.Increment(ref answers) == 1
                ? HttpStub.JsonAsync(context, """{"error":{"type":"overloaded_error"}}""", status)
                : HttpStub.JsonAsync(context, request.Path == AnthropicPath ? OfAnthropic : OfOpenAi);
        };
        var run = await http.RunToEndAsync(Step("ask", "llm.complete", new { provider, prompt = "Hi" }));
        Assert.Equal("failed succeeded", run.AttemptsOf("ask"));
        var attempts = run.StepOf("ask").GetProperty("attempts");
        // The usual pause of this fixture is 10 ms.
        Assert.True(
            attempts[1].GetProperty("startedAt")
                .GetDateTimeOffset() - attempts[0].GetProperty("endedAt").GetDateTimeOffset() >= TimeSpan.FromSeconds(0.9));
    }

    [Theory]
    [InlineData(429, """{"error":{"code":"insufficient_quota"}}""")]
    [InlineData(402, "{}")]
    [InlineData(400, """{"error":{"message":"Your credit balance is too low"}}""")]
    [InlineData(401, """{"error":{"message":"bad key openai-key-of-this-test"}}""")]
    public async Task What_waiting_does_not_cure_fails_at_once(int status, string body)
    {
        host.Stub.Answer = (_, _, context) => HttpStub.JsonAsync(context, body, status);
        var run = await http.RunToEndAsync(Step("ask", "llm.complete", new { prompt = "Hi" }));
        Assert.Equal("failed", run.AttemptsOf("ask"));
        Assert.Contains($"answered {status}", run.ErrorOf("ask"));
        Assert.DoesNotContain("openai-key-of-this-test", run.ToString());
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("{}")]
    [InlineData("""{"choices":[]}""")]
    public async Task An_answer_that_is_not_understood_fails_at_once(string body)
    {
        host.Stub.Answer = (_, _, context) => context.Response.WriteAsync(body);
        var run = await http.RunToEndAsync(Step("ask", "llm.complete", new { prompt = "Hi" }));
        Assert.Equal("failed", run.AttemptsOf("ask"));
        Assert.Contains("not understood", run.ErrorOf("ask"));
    }

    [Fact]
    public async Task Tokens_are_counted_and_a_spent_budget_asks_nobody()
    {
        host.Stub.Answer = (_, _, context) =>
            HttpStub.JsonAsync(context,
                """{"model":"m","choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":600,"completion_tokens":100}}""");
        var organization = $"budget-{Guid.NewGuid():N}";
        using var own = host.App.Client(await host.App.NewKeyAsync(organization, "write", "read"));
        var asked = host.Stub.At(OpenAiPath).Count;
        Assert.Equal("succeeded", (await own.RunToEndAsync(Step("ask", "llm.complete", new { prompt = "1" }))).StatusOf());
        Assert.Equal("succeeded", (await own.RunToEndAsync(Step("ask", "llm.complete", new { prompt = "2" }))).StatusOf());
        Assert.Equal("2 1200 200",
            await host.App.ScalarAsync<string>(
                "select requests || ' ' || input_tokens || ' ' || output_tokens from llm_usage "
                + $"where organization = '{organization}' and provider = 'openai' and model = 'm' "
                + "and month = date_trunc('month', now() at time zone 'UTC')"));

        var third = await own.RunToEndAsync(Step("ask", "llm.complete", new { prompt = "3" }));
        Assert.Equal("failed", third.AttemptsOf("ask"));
        Assert.Equal(
            $"The token budget of organization '{organization}' is spent: 1,400 of 1,000 tokens this month (LLM_MONTHLY_TOKEN_BUDGET).",
            third.ErrorOf("ask"));
        Assert.Equal(asked + 2, host.Stub.At(OpenAiPath).Count);
        Assert.Equal("succeeded",
            (await http.RunToEndAsync(Step("ask", "llm.complete", new { prompt = "another organization" }))).StatusOf());
    }

    [Theory]
    [InlineData("""{"provider":"oracle","prompt":"x"}""", "provider")]
    [InlineData("""{}""", "prompt")]
    [InlineData("""{"prompt":"x","messages":[]}""", "prompt")]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{"messages":[{"role":"system","content":"x"}]}""", "messages")]
    [InlineData("""{"prompt":"x","temperature":3}""", "temperature")]
    [InlineData("""{"prompt":"x","maxTokens":0}""", "maxTokens")]
    public async Task Wrong_inputs_are_refused(string input, string field)
    {
        using var response = await http.PostAsJsonAsync("/api/runs", Plan(Step("ask", "llm.complete", JsonElement.Parse(input))));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Contains(problem.GetProperty("errors").EnumerateArray(),
            error => error.GetProperty("field").GetString() == "plan.steps[0].input." + field);
    }
}
