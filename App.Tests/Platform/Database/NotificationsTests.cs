using App.Engines.Streams;
using App.Platform.Database;
using App.Tests.Engines.Streams;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Platform.Database;

/// <summary>A commit wakes consumers; a lost notification only delays them.</summary>
public sealed class NotificationsTests(StreamBench bench) : IClassFixture<StreamBench>
{
    private static readonly TimeSpan Deadline = Poll.Patience;

    [Fact]
    public async Task A_commit_elsewhere_wakes_who_waits_also_after_the_connection_was_lost()
    {
        await using var postgres = new Postgres(bench.ConnectionString, bench.ConnectionString, "signals");
        using var notifications = new Notifications(postgres, NullLogger<Notifications>.Instance);
        var signals = notifications.On(StreamAppender.Channel);
        var listening = signals.Next;
        await notifications.StartAsync(default);
        await listening.WaitAsync(Deadline);
        var stream = await bench.StreamAsync(1);
        var next = signals.Next;
        await bench.AppendAsync(stream, (0, "a"));
        await next.WaitAsync(Deadline);

        var again = signals.Next;
        Assert.Equal("1",
            await bench.TextAsync(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'signals/listen'"));
        await again.WaitAsync(Deadline);
        next = signals.Next;
        await bench.AppendAsync(stream, (0, "b"));
        await next.WaitAsync(Deadline);
        await notifications.StopAsync(default);
    }

    [Fact]
    public async Task Nobody_is_woken_by_what_was_rolled_back()
    {
        await using var postgres = new Postgres(bench.ConnectionString, bench.ConnectionString, "rolled-back");
        using var notifications = new Notifications(postgres, NullLogger<Notifications>.Instance);
        var signals = notifications.On(StreamAppender.Channel);
        var listening = signals.Next;
        await notifications.StartAsync(default);
        await listening.WaitAsync(Deadline);
        var stream = await bench.StreamAsync(1);
        var next = signals.Next;
        await using (var connection = await bench.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
            await StreamAppender.AppendAsync(connection, transaction, stream, StreamBench.Entries((0, "a")), default);
        Assert.Equal("0", await bench.TextAsync($"select head from stream_shards where stream = '{stream}'"));
        Assert.False(next.IsCompleted);
        await notifications.StopAsync(default);
    }

    [Fact]
    public async Task Entries_whose_notification_was_lost_are_found_by_polling()
    {
        var stream = await bench.StreamAsync(1);
        await using var postgres = new Postgres(bench.ConnectionString, bench.ConnectionString, "polling");
        // Nobody listens, and leases tick but once: only the poll can find what is appended.
        using var notifications = new Notifications(postgres, NullLogger<Notifications>.Instance);
        var options = StreamMember.Defaults with { LeaseTick = TimeSpan.FromHours(1), Poll = TimeSpan.FromMilliseconds(50), Shards = 1 };
        using var meters = new TestMeters();
        using var worker = new StreamWorker(postgres, options, [new CountingHandler(stream)], notifications, new StreamMetrics(meters),
            TimeProvider.System, NullLogger<StreamWorker>.Instance);
        await worker.StartAsync(default);
        await Poll.UntilAsync("the worker owns its shard",
            async () => await bench.TextAsync($"select owner from stream_offsets where stream = '{stream}'") == "polling");
        await bench.AppendAsync(stream, (0, "a"));
        await Poll.UntilAsync("the entry is found", async () => await bench.CountsAsync(stream) == "a 1");
        await worker.StopAsync(default);
        Assert.Equal("", await bench.TextAsync($"select owner from stream_offsets where stream = '{stream}'"));
        Assert.Equal("0", await bench.TextAsync($"select count(*) from stream_members where stream = '{stream}'"));
    }
}
