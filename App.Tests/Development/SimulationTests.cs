using App.Development;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Serving;
using Microsoft.AspNetCore.Http;

namespace App.Tests.Development;

public sealed class SimulationTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 3, 29, 12, 0, 4, TimeSpan.Zero);
    private readonly SkippingTime time = new(Now);
    private readonly StringWriter output = new();
    private IngestStub stub = null!;

    public async Task InitializeAsync() => stub = await IngestStub.StartAsync();

    public async Task DisposeAsync() => await stub.DisposeAsync();

    [Fact]
    public async Task The_last_day_is_posted_whole_in_order_and_in_large_batches()
    {
        await RunAsync(days: 1, live: false);
        Assert.Equal(Steps(new(2026, 3, 28, 12, 0, 0, TimeSpan.Zero), 8641), stub.Readings.Select(reading => reading.Time));
        Assert.Equal([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 641], stub.Batches);
        Assert.All(stub.Readings, reading => Assert.Equal("sim-7", reading.Building));
        Assert.InRange(stub.Readings.Average(reading => reading.Watts), 50, 3000);
        Assert.Contains("Posted 8,641 readings", output.ToString());
    }

    [Fact]
    public async Task Live_a_reading_comes_every_ten_seconds_until_interrupted()
    {
        using var interrupted = new CancellationTokenSource();
        stub.Answer = _ =>
        {
            if (stub.Readings.Count == 5) interrupted.Cancel();
            return false;
        };
        Assert.Contains(("building", "sim-7"), (await RunAsync(days: 0, live: true, ct: interrupted.Token)).Facts);
        Assert.Equal(Steps(new(2026, 3, 29, 12, 0, 0, TimeSpan.Zero), 5), stub.Readings.Take(5).Select(reading => reading.Time));
        Assert.Equal([6, 10, 10, 10, 10], time.Waits.Take(5).Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public async Task What_the_server_cannot_take_now_is_sent_again_after_the_time_that_it_names_or_a_growing_pause()
    {
        var answers = new Queue<(int Status, string? RetryAfter)>([(429, "7"), (503, null), (503, null), (0, null), (503, "3600")]);
        stub.Answer = context =>
        {
            if (!answers.TryDequeue(out var answer)) return false;
            if (answer.Status == 0)
            {
                context.Abort();
                return true;
            }
            context.Response.StatusCode = answer.Status;
            context.Response.Headers.RetryAfter = answer.RetryAfter;
            return true;
        };
        await RunAsync(days: 0, live: false);
        Assert.Equal([7, 1, 2, 4, 30], time.Waits.Select(wait => wait.TotalSeconds));
        // Meanwhile time has passed, and it has caught up.
        Assert.Equal(Steps(new(2026, 3, 29, 12, 0, 0, TimeSpan.Zero), stub.Readings.Count), stub.Readings.Select(reading => reading.Time));
        Assert.Contains("answers 429: trying again", output.ToString());
        Assert.Contains("takes readings again", output.ToString());
    }

    [Theory]
    [InlineData(401, "give --key")]
    [InlineData(403, "scope ingest")]
    public async Task A_refused_key_ends_it_with_the_cure(int status, string cure)
    {
        stub.Answer = context =>
        {
            context.Response.StatusCode = status;
            return true;
        };
        Assert.Contains(cure, (await Assert.ThrowsAsync<UsageException>(() => RunAsync(days: 0, live: true))).Message);
    }

    [Fact]
    public async Task A_server_of_another_kind_ends_it()
    {
        stub.Answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return true;
        };
        Assert.Contains("404", (await Assert.ThrowsAsync<UnavailableException>(() => RunAsync(days: 0, live: true))).Message);
    }

    [Fact]
    public async Task The_key_goes_along()
    {
        var sent = "";
        stub.Answer = context =>
        {
            sent = context.Request.Headers.Authorization.ToString();
            return false;
        };
        await RunAsync(days: 0, live: false);
        Assert.Equal("Bearer a-key", sent);
    }

    [Fact]
    public async Task A_speed_slows_the_past_down_to_so_many_times_life()
    {
        await RunAsync(days: 1, live: false, speed: 1000);
        Assert.Equal(10, time.Waits[0].TotalSeconds);
    }

    private Task<CommandSummary> RunAsync(int days, bool live, int speed = 0, CancellationToken ct = default) =>
        App.Development.Simulation.RunAsync(
            new SimulationOptions { Url = stub.Url, Key = "a-key", Building = "sim-7", Days = days, Live = live, Speed = speed }, time,
            new PlainProgress(output, time), ct);

    private static IEnumerable<DateTimeOffset> Steps(DateTimeOffset first, int count) =>
        Enumerable.Range(0, count).Select(i => first.AddSeconds(10 * i));
}
