using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Runs;

/// <summary>A plan is checked whole before anything is stored, and a fault names field, value and cure.</summary>
public sealed class PlanValidationTests(AppHost host) : IClassFixture<AppHost>
{
    [Theory]
    [InlineData("""{"steps":[{"name":"a","handler":"teleport"}]}""", "plan.steps[0].handler", "teleport", "use one of delay, ")]
    [InlineData("""{"steps":[{"handler":"delay","input":{"ms":1}}]}""", "plan.steps[0].name", null, "give a text")]
    [InlineData("""{"steps":[{"name":"a b","handler":"delay","input":{"ms":1}}]}""", "plan.steps[0].name", "a b", "1 to 128")]
    [InlineData("""{"steps":[{"name":"a"}]}""", "plan.steps[0].handler", null, "give a text")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1}},{"name":"a","handler":"delay","input":{"ms":1}}]}""",
        "plan.steps[1].name", "a", "plan.steps[0] has this one")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"dependsOn":["b"]}]}""", "plan.steps[0].dependsOn[0]", "b",
        "name a step of this plan")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"dependsOn":["a"]}]}""", "plan.steps[0].dependsOn",
        "a > a", "cycle")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"dependsOn":["b"]},"""
        + """{"name":"b","handler":"delay","input":{"ms":1},"dependsOn":["a"]}]}""", "plan.steps[0].dependsOn", "a > b > a", "cycle")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1}},"""
        + """{"name":"b","handler":"delay","input":{"ms":1},"dependsOn":["a","a"]}]}""", "plan.steps[1].dependsOn[1]", "a", "once")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"dependsOn":[1]}]}""", "plan.steps[0].dependsOn[0]", "1",
        "name of a step")]
    [InlineData("""{"steps":[{"name":"a","handler":"transform","input":{"template":"{{steps.b.output}}"}},"""
        + """{"name":"b","handler":"delay","input":{"ms":1}}]}""", "plan.steps[0].input.template",
        "{{steps.b.output}}", "add 'b' to dependsOn")]
    [InlineData("""{"steps":[{"name":"a","handler":"transform","input":{"template":{"x":["{{steps.a.output}}"]}}}]}""",
        "plan.steps[0].input.template.x[0]", "{{steps.a.output}}", "add 'a' to dependsOn")]
    [InlineData("""{"steps":[{"name":"a","handler":"transform","input":{"template":"{{steps.nobody.output.x}}"}}]}""",
        "plan.steps[0].input.template", "{{steps.nobody.output.x}}", "there is no 'nobody'")]
    [InlineData("""{"steps":[{"name":"a","handler":"transform","input":{"template":"{{env.PATH}}"}}]}""", "plan.steps[0].input.template",
        "{{env.PATH}}", "is no reference")]
    [InlineData("""{"steps":[{"name":"a","handler":"transform","input":{"template":"{{run.id"}}]}""", "plan.steps[0].input.template",
        "{{run.id", "close it")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"timeoutMs":0}]}""", "plan.steps[0].timeoutMs", "0",
        "from 1 to 3600000")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"timeoutMs":"soon"}]}""", "plan.steps[0].timeoutMs", "soon",
        "whole number")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"maxAttempts":101}]}""", "plan.steps[0].maxAttempts", "101",
        "from 1 to 100")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":1},"retries":1}]}""", "plan.steps[0].retries", "1", "remove it")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":[]}]}""", "plan.steps[0].input", "[]", "give an object")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{}}]}""", "plan.steps[0].input.ms", null, "either ms")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"ms":-1}}]}""", "plan.steps[0].input.ms", "-1", "whole number")]
    [InlineData("""{"steps":[{"name":"a","handler":"delay","input":{"until":"tomorrow"}}]}""", "plan.steps[0].input.until", "tomorrow",
        "RFC 3339")]
    [InlineData("""{"steps":[{"name":"a","handler":"http.request","input":{}}]}""", "plan.steps[0].input.url", null, "give a text")]
    [InlineData("""{"steps":[{"name":"a","handler":"http.request","input":{"url":"ftp://x"}}]}""", "plan.steps[0].input.url",
        "ftp://x", "http://")]
    [InlineData("""{"steps":[{"name":"a","handler":"http.request","input":{"url":"http://x","method":"BREW"}}]}""",
        "plan.steps[0].input.method", "BREW", "use one of GET")]
    [InlineData("""{"steps":[{"name":"a","handler":"http.request","input":{"url":"http://x","headers":{"Host":"y"}}}]}""",
        "plan.steps[0].input.headers.Host", null, "another name")]
    [InlineData("""{"steps":[{"name":"a","handler":"http.request","input":{"url":"http://x","acceptStatus":[99]}}]}""",
        "plan.steps[0].input.acceptStatus", "99", "2xx")]
    [InlineData("""{"steps":[{"name":"a","handler":"transform","input":{"pick":"x"}}]}""", "plan.steps[0].input.from", null, "give from")]
    [InlineData("""{"steps":[{"name":"a","handler":"transform","input":{"from":1,"pick":"x[["}}]}""", "plan.steps[0].input.pick", "x[[",
        "give a path")]
    [InlineData("""{"steps":[{"name":"a","handler":"human.approval","input":{"timeoutMs":0}}]}""", "plan.steps[0].input.timeoutMs", "0",
        "whole number")]
    [InlineData("""{"steps":[7]}""", "plan.steps[0]", "7", "give an object")]
    [InlineData("""{"steps":{}}""", "plan.steps", "{}", "give a list")]
    [InlineData("""{"goal":"g"}""", "plan.steps", null, "give a list")]
    [InlineData("""{"goal":7,"steps":[]}""", "plan.goal", "7", "give a text")]
    [InlineData("[]", "plan", "[]", "give an object")]
    public async Task A_fault_is_named_and_nothing_is_stored(string plan, string field, string? value, string cure)
    {
        var errors = await RefusedAsync("{\"plan\":" + plan + "}");
        var error = errors.FirstOrDefault(e => e.GetProperty("field").GetString() == field);
        Assert.True(error.ValueKind == JsonValueKind.Object, string.Join(' ', errors));
        Assert.Equal(value, error.GetProperty("value").GetString());
        Assert.Contains(cure, error.GetProperty("cure").GetString());
        Assert.Equal(0,
            await host.ScalarAsync<long>(
                "select (select count(*) from runs) + (select count(*) from run_steps) + (select count(*) from jobs)"));
    }

    [Theory]
    [InlineData("""{"plan":{"steps":[]},"priority":1001}""", "priority")]
    [InlineData("""{"plan":{"steps":[]},"priority":"high"}""", "priority")]
    [InlineData("""{"plan":{"steps":[]},"prio":1}""", "prio")]
    [InlineData("""{}""", "plan")]
    public async Task The_body_is_checked_too(string body, string field) =>
        Assert.Contains(await RefusedAsync(body), error => error.GetProperty("field").GetString() == field);

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"plan":{"steps":[]},"plan":{"steps":[]}}""")]
    [InlineData("""{"plan":{"goal":"\ud800","steps":[]}}""")]
    public async Task What_is_no_JSON_of_ours_is_a_400(string body)
    {
        using var response = await host.Http.PostAsync("/api/runs", Json(body));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("body",
            (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Sizes_are_limited()
    {
        var many = Enumerable.Range(0, 1001).Select(i => RunClient.Step($"s{i}", "delay", new { ms = 1 })).ToArray();
        Assert.Contains(await RefusedAsync(JsonSerializer.Serialize(RunClient.Plan(many))),
            e => e.GetProperty("field").GetString() == "plan.steps" && e.GetProperty("value").GetString() == "1,001 steps");
        var large = RunClient.Step("a", "transform", new { template = new string('x', 300_000) });
        Assert.Contains(await RefusedAsync(JsonSerializer.Serialize(RunClient.Plan(large))),
            e => e.GetProperty("field").GetString() == "plan.steps[0].input" && e.GetProperty("cure").GetString()!.Contains("262,144"));
        var wide = Enumerable.Range(0, 200)
            .Select(i => RunClient.Step($"s{i}", "delay", new { ms = 1 }, [.. Enumerable.Range(0, i).Select(d => $"s{d}")])).ToArray();
        Assert.Contains(await RefusedAsync(JsonSerializer.Serialize(RunClient.Plan(wide))),
            e => e.GetProperty("field").GetString() == "plan.steps[].dependsOn");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/runs")
        {
            Content = Json("{\"plan\":{\"goal\":\"" + new string('x', 9 << 20) + "\",\"steps\":[]}}"),
            Headers = { ExpectContinue = true },
        };
        using var huge = await host.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
    }

    [Fact]
    public async Task Every_fault_is_named_at_once()
    {
        var errors =
            await RefusedAsync(
                """{"plan":{"steps":[{"name":"a","handler":"x"},{"name":"!","handler":"delay","input":{"ms":"z"}}]},"priority":9999}""");
        Assert.Equal(["plan.steps[0].handler", "plan.steps[1].input.ms", "plan.steps[1].name", "priority"],
            errors.Select(error => error.GetProperty("field").GetString()).Order());
    }

    [Fact]
    public async Task An_unset_key_of_a_language_model_refuses_the_plan()
    {
        var error =
            Assert.Single(await RefusedAsync("""{"plan":{"steps":[{"name":"a","handler":"llm.complete","input":{"prompt":"hi"}}]}}"""));
        Assert.Contains("OPENAI_API_KEY", error.GetProperty("cure").GetString());
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private async Task<IReadOnlyList<JsonElement>> RefusedAsync(string body)
    {
        using var response = await host.Http.PostAsync("/api/runs", Json(body));
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(response.StatusCode == HttpStatusCode.UnprocessableEntity, problem.ToString());
        return [.. problem.GetProperty("errors").EnumerateArray()];
    }
}
