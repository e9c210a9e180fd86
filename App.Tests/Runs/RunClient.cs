using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Runs;

/// <summary>Runs as a client of the API sees them.</summary>
internal static class RunClient
{
    /// <summary>A step of a plan.</summary>
    public static object Step(string name, string handler, object input, string[]? dependsOn = null, int? maxAttempts = null,
        int? timeoutMs = null, bool continueOnError = false) =>
        new { name, handler, input, dependsOn = dependsOn ?? [], maxAttempts, timeoutMs, continueOnError };

    /// <summary>A body of <c>POST /api/runs</c>.</summary>
    public static object Plan(params object[] steps) => new { plan = new { goal = "test", steps } };

    /// <summary>Sends a plan that is in order, and answers its id.</summary>
    public static async Task<string> StartRunAsync(this HttpClient http, params object[] steps)
    {
        using var response = await http.PostAsJsonAsync("/api/runs", Plan(steps));
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        return JsonElement.Parse(body).GetProperty("id").GetString()!;
    }

    /// <summary>The run as it is now.</summary>
    public static async Task<JsonElement> RunAsync(this HttpClient http, string id) =>
        await http.GetFromJsonAsync<JsonElement>($"/api/runs/{id}");

    /// <summary>Waits until the run has a status.</summary>
    public static async Task<JsonElement> UntilAsync(this HttpClient http, string id, string status)
    {
        var run = default(JsonElement);
        await Poll.UntilAsync($"run {id} is {status}",
            async () => (run = await http.RunAsync(id)).GetProperty("status").GetString() == status, whatElse: () => run.ToString());
        return run;
    }

    /// <summary>Waits until a step has a status.</summary>
    public static async Task<JsonElement> UntilStepAsync(this HttpClient http, string id, string step, string status)
    {
        var run = default(JsonElement);
        await Poll.UntilAsync($"step {step} of run {id} is {status}",
            async () => (run = await http.RunAsync(id)).StepOf(step).GetProperty("status").GetString() == status,
            whatElse: () => run.ToString());
        return run.StepOf(step);
    }

    /// <summary>Runs a plan to its end.</summary>
    public static async Task<JsonElement> RunToEndAsync(this HttpClient http, params object[] steps)
    {
        var id = await http.StartRunAsync(steps);
        var run = default(JsonElement);
        await Poll.UntilAsync($"run {id} has ended",
            async () => (run = await http.RunAsync(id)).GetProperty("endedAt").ValueKind != JsonValueKind.Null,
            whatElse: () => run.ToString());
        return run;
    }

    public static string StatusOf(this JsonElement element) => element.GetProperty("status").GetString()!;

    public static JsonElement StepOf(this JsonElement run, string name) =>
        run.GetProperty("steps").EnumerateArray().Single(step => step.GetProperty("name").GetString() == name);

    public static JsonElement OutputOf(this JsonElement run, string step) => run.StepOf(step).GetProperty("output");

    public static string? ErrorOf(this JsonElement run, string step) => run.StepOf(step).GetProperty("error").GetString();

    /// <summary>Statuses of the steps, in the order of the plan.</summary>
    public static string StepsOf(this JsonElement run) => string.Join(' ', run.GetProperty("steps").EnumerateArray().Select(StatusOf));

    /// <summary>Statuses of a step's attempts, in order.</summary>
    public static string AttemptsOf(this JsonElement run, string step) =>
        string.Join(' ', run.StepOf(step).GetProperty("attempts").EnumerateArray().Select((attempt, i) =>
    {
        Assert.Equal(i + 1, attempt.GetProperty("number").GetInt32());
        return attempt.StatusOf();
    }));
}
