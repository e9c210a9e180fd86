using System.Diagnostics;
using App.Development.Embedded;
using App.Tests.Engines.Streams;
using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>An entry that overflows the stack of every process that handles it is set aside in the end, and nothing else is.</summary>
public sealed class CrashingEntryTests(StreamBench bench, ITestOutputHelper report) : IClassFixture<StreamBench>
{
    private const int Aborted = 134;

    [Fact]
    public async Task An_entry_that_ends_its_process_is_set_aside_after_its_attempts_and_nothing_else_is()
    {
        var stream = await bench.StreamAsync(4);
        await bench.AppendAsync(stream,
            [.. Enumerable.Range(0, 12).Select(i => ((short)(i % 4), i == 5 ? CrashingWorker.Poison : $"e{i:00}"))]);

        var crashes = 0;
        while (await CrashesAsync(stream)) crashes++;

        report.WriteLine($"Set aside after {crashes} crashes.");
        var options = StreamMember.Defaults;
        Assert.Equal(options.OrdinaryCrashes + 1 + options.MaxAttempts, crashes);
        Assert.Equal("crashing 1 2 3 ProcessEndedException: The process ended while handling it, 3 times.", await bench.TextAsync(
            "select string_agg(concat_ws(' ', consumer_group, shard, entry_offset, attempts, error), ', ') from stream_dead_entries "
            + $"where stream = '{stream}'"));
        var others = string.Join(", ", Enumerable.Range(0, 12).Where(i => i != 5).Select(i => $"e{i:00} 1"));
        Assert.Equal(others, await bench.CountsAsync(stream, CrashingWorker.Crashing));
        Assert.Equal($"{others}, {CrashingWorker.Poison} 1", await bench.CountsAsync(stream, CrashingWorker.Bystander));
        // It was stopped as planned, which charges nobody.
        Assert.Equal("0 0 0", await bench.TextAsync(
            "select concat_ws(' ', count(owner), sum(crashes_in_hand), count(*) filter (where in_hand > committed)) from stream_offsets "
            + $"where stream = '{stream}'"));
    }

    // Runs a worker until it has crashed (true) or everything is consumed (false); stops it then.
    private async Task<bool> CrashesAsync(string stream)
    {
        using var worker =
            Process.Start(new ProcessStartInfo("dotnet",
                [typeof(CrashingWorker).Assembly.Location, CrashingWorker.Role, bench.ConnectionString, stream])
            {
                UseShellExecute = false,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
        var output = worker.StandardOutput.ReadToEndAsync();
        var errors = worker.StandardError.ReadToEndAsync();
        try
        {
            await Poll.UntilAsync("the worker has crashed or everything is consumed",
                async () => worker.HasExited || await IsConsumedAsync(stream));
            var crashed = worker.HasExited;
            if (!crashed) Posix.Signal(worker.Id, AppProcess.Terminate);
            await worker.WaitForExitAsync();
            Assert.True(worker.ExitCode == (crashed ? Aborted : 0), $"{worker.ExitCode}: {await output} {await errors}");
            return crashed;
        }
        finally
        {
            if (!worker.HasExited) worker.Kill();
        }
    }

    private async Task<bool> IsConsumedAsync(string stream) => await bench.TextAsync(
        "select coalesce(sum(h.head - o.committed), 1) from stream_shards h left join stream_offsets o using (stream, shard) "
        + $"where h.stream = '{stream}'") == "0";
}
