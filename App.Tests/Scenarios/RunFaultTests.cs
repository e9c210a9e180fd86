using App.Tests.Fixtures;
using App.Tests.Runs;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>A run survives the death and the drain of its workers, and each step keeps its idempotency key.</summary>
public sealed class RunFaultTests(ITestOutputHelper report) : IAsyncLifetime
{
    private const int Steps = 6;
    private const int Hung = 3;

    private static readonly (string, string)[] OfWorkers =
        [("EGRESS_ALLOW", "127.0.0.1"), ("RETRY_BACKOFF_MS", "50"), ("HEARTBEAT_INTERVAL_MS", "2000"), ("PIPELINE_ENABLED", "false"),
            ("DRAIN_SECONDS", "4")];

    private readonly TaskCompletionSource hangs = new();
    private readonly TaskCompletionSource released = new();
    private TestDatabase database = null!;
    private HttpStub stub = null!;
    private AppProcess web = null!;
    private AppProcess worker = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        stub = await HttpStub.StartAsync();
        // The answer to the first call of one step does not come until it is released.
        stub.Answer = async (request, times, context) =>
        {
            if (request.Path == $"/s{Hung}" && times == 1)
            {
                hangs.SetResult();
                await released.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            await HttpStub.JsonAsync(context, """{"done":true}""");
        };
        web = await AppProcess.StartReadyAsync(database.Url, worker: false);
        worker = await AppProcess.StartReadyAsync(database.Url, worker: true, OfWorkers);
    }

    public async Task DisposeAsync()
    {
        await worker.DisposeAsync();
        await web.DisposeAsync();
        await stub.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task After_a_kill_the_run_goes_on_and_no_step_has_two_keys()
    {
        var id = await StartAsync();
        await hangs.Task.WaitAsync(Poll.Patience);
        var killed = TimeProvider.System.GetTimestamp();
        worker.Kill();
        await worker.DisposeAsync();
        worker = AppProcess.Start(database.Url, worker: true, null, OfWorkers);

        var run = await web.Http.UntilAsync(id, "succeeded");
        report.WriteLine(
            $"Ended {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:F1} s after kill -9, the start of the next worker included.");
        Assert.Equal("interrupted succeeded", run.AttemptsOf($"s{Hung}"));
        Assert.Equal("Its worker ended before it did.", run.StepOf($"s{Hung}").GetProperty("attempts")[0].GetProperty("error").GetString());
        HasOneKeyEach(id);
    }

    [Fact]
    public async Task At_a_drain_the_attempt_is_interrupted_and_not_charged()
    {
        var id = await StartAsync(maxAttempts: 1);
        await hangs.Task.WaitAsync(Poll.Patience);
        worker.Signal(AppProcess.Terminate);
        Assert.Equal(0, await worker.ExitAsync());
        var step = (await web.Http.RunAsync(id)).StepOf($"s{Hung}");
        Assert.Equal(("ready", "interrupted"), (step.StatusOf(), step.GetProperty("attempts")[0].StatusOf()));
        await worker.DisposeAsync();
        worker = AppProcess.Start(database.Url, worker: true, null, OfWorkers);

        var run = await web.Http.UntilAsync(id, "succeeded");
        Assert.Equal("interrupted succeeded", run.AttemptsOf($"s{Hung}"));
        HasOneKeyEach(id);
    }

    [Fact]
    public async Task A_worker_that_was_paused_past_its_lease_changes_nothing()
    {
        var id = await StartAsync();
        await hangs.Task.WaitAsync(Poll.Patience);
        worker.Signal(AppProcess.Stop);
        await using var other = await AppProcess.StartReadyAsync(database.Url, worker: true, OfWorkers);
        var before = await web.Http.UntilAsync(id, "succeeded");
        Assert.Equal("interrupted succeeded", before.AttemptsOf($"s{Hung}"));

        // It wakes, gets the answer that it waited for, and has nothing to write it to.
        worker.Signal(AppProcess.Continue);
        released.SetResult();
        await worker.WroteAsync("Lost the lease of job worker");
        Assert.Equal("succeeded", (await other.Http.RunToEndAsync(RunClient.Step("a", "transform", new { template = 1 }))).StatusOf());
        Assert.Equal(before.ToString(), (await web.Http.RunAsync(id)).ToString());
        HasOneKeyEach(id);
    }

    private Task<string> StartAsync(int maxAttempts = 3) => web.Http.StartRunAsync(
        [.. Enumerable.Range(0, Steps)
            .Select(i =>
                RunClient.Step($"s{i}", "http.request", new { method = "POST", url = $"{stub.Url}s{i}" }, i == 0 ? [] : [$"s{i - 1}"],
                    maxAttempts, timeoutMs: 600_000))]);

    private void HasOneKeyEach(string id)
    {
        for (var i = 0; i < Steps; i++)
        {
            var seen = stub.At($"/s{i}");
            Assert.Equal(i == Hung ? 2 : 1, seen.Count);
            Assert.All(seen, request => Assert.Equal($"{id}:s{i}", request.Header("Idempotency-Key")));
        }
    }
}
