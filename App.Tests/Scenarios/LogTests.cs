using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using App.Tests.Runs;
using App.Tests.Signs.Fingerspelling.Live;

namespace App.Tests.Scenarios;

/// <summary>What a process writes of its work, as an operator reads it: JSON, one object a line.</summary>
public sealed class LogTests
{
    [Fact]
    public async Task Lines_tell_the_work_with_what_they_belong_to_and_nothing_secret()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var far = await HttpStub.StartAsync();
        await using var app = await AppProcess.StartReadyAsync(database.Url, worker: true, ("ENV", "production"),
            ("EGRESS_ALLOW", "127.0.0.1"),
            ("WEBHOOK_SIGNING_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), ("PAYSTACK_SECRET_KEY", "a-paystack-secret-of-this-test"),
            ("SLOW_QUERY_MS", "1"));
        var run = await app.Http.StartRunAsync(RunClient.Step("fails", "http.request", new { url = "http://10.0.0.1/" }, maxAttempts: 1));
        await app.Http.UntilAsync(run, "failed");
        using (var sent = await app.Http.PostAsJsonAsync("/api/messages",
            new { channel = "webhook", to = far.Url + "hook", body = new { confidential = "words-of-the-body" } }))
            sent.EnsureSuccessStatusCode();
        using (var refused = await app.Http.PostAsync("/webhooks/paystack?key=key-in-the-query",
            JsonContent.Create(new { words = "words-of-the-event" }))) Assert.Equal(401, (int)refused.StatusCode);
        using (var live = await LiveClient.ConnectAsync(app.Address, key: AppProcess.Key)) await live.AskAsync(1, 3);

        foreach (var text in new[] { "Job completed: ", "Step failed: ", "Run failed: ", "Message delivered: ", "Webhook received: ",
            "Client connected", "Client disconnected", "Slow query: " }) await app.WroteAsync(text);
        var lines = app.Output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonElement.Parse(line)).ToList();
        var failed = lines.First(line => TextOf(line).StartsWith("Step failed: ", StringComparison.Ordinal)).GetProperty("Properties");
        Assert.Equal((run, "default"), (failed.GetProperty("RunId").GetString(), failed.GetProperty("Organization").GetString()));
        Assert.True(failed.GetProperty("JobId").GetInt64() > 0);
        var request = lines.First(line => TextOf(line).Contains("/api/runs\" answered 201", StringComparison.Ordinal));
        Assert.Equal("default", request.GetProperty("Properties").GetProperty("Organization").GetString());
        Assert.Matches("^[0-9a-f]{32}$", request.GetProperty("TraceId").GetString());
        Assert.DoesNotContain(lines, line => TextOf(line).Contains("/health", StringComparison.Ordinal));
        foreach (var secret in new[] { AppProcess.Key, "words-of-the-body", "key-in-the-query", "words-of-the-event" })
            Assert.DoesNotContain(secret, app.Output, StringComparison.Ordinal);
    }

    private static string TextOf(JsonElement line) => line.GetProperty("RenderedMessage").GetString()!;
}
