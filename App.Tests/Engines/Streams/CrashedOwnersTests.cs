using App.Engines.Streams;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Streams;

/// <summary>
/// What owners that were lost leave to the next: an entry that ends its process is found and set aside, whoever else was
/// lost with it. A process that ends is one whose consumer stops in the middle of an entry and is never heard of again.
/// </summary>
public sealed class CrashedOwnersTests(StreamBench bench) : IClassFixture<StreamBench>
{
    private readonly StreamOptions options = StreamMember.Defaults;

    [Fact]
    public async Task An_entry_that_ends_every_process_is_set_aside_and_its_neighbours_are_not()
    {
        var stream = await bench.StreamAsync(3);
        await bench.AppendAsync(stream, (0, "a"), (1, "b"), (1, "poison"), (1, "c"), (2, "d"));
        var ended = 0;
        while (await EndsAsync(stream, $"m{ended}")) ended++;

        Assert.Equal(options.OrdinaryCrashes + 1 + options.MaxAttempts, ended);
        Assert.Equal("a 1, b 1, c 1, d 1", await bench.CountsAsync(stream));
        Assert.Equal("1 2 dead 3 ProcessEndedException: The process ended while handling it, 3 times.", await DeadAsync(stream));
        Assert.Equal("0/0/f 0/0/f 0/0/f", await StateAsync(stream));
    }

    [Fact]
    public async Task Neighbours_are_done_before_the_entry_that_was_charged_is_handled_again()
    {
        var stream = await bench.StreamAsync(3);
        await bench.AppendAsync(stream, (0, "poison"), (1, "a"), (2, "b"));
        for (var i = 0; i <= options.OrdinaryCrashes + 1; i++) Assert.True(await EndsAsync(stream, $"m{i}"));
        // Charged once, it came first so far: nothing told it from the others.
        Assert.Equal("", await bench.CountsAsync(stream));
        Assert.True(await EndsAsync(stream, "last"));
        Assert.Equal("a 1, b 1", await bench.CountsAsync(stream));
    }

    [Fact]
    public async Task What_one_lost_owner_leaves_is_done_again_together_and_nothing_is_noted()
    {
        var stream = await bench.StreamAsync(2);
        await bench.AppendAsync(stream, (0, "a"), (0, "poison"), (1, "b"));
        Assert.True(await EndsAsync(stream, "old"));
        await using var member = new StreamMember(bench.ConnectionString, "new", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        var batches = 0;
        ((CountingHandler)member.Handler).BeforeCommit = async () =>
        {
            batches++;
            Assert.Equal("1/0/f 1/0/f", await StateAsync(stream));
        };
        Assert.Equal(3, await member.DrainAsync());
        Assert.Equal(1, batches);
        Assert.Equal("0/0/f 0/0/f", await StateAsync(stream));
    }

    [Fact]
    public async Task A_planned_stop_charges_nobody_even_in_the_middle_of_a_suspected_entry()
    {
        var stream = await bench.StreamAsync(1);
        await bench.AppendAsync(stream, (0, "poison"));
        for (var i = 0; i <= options.OrdinaryCrashes; i++) Assert.True(await EndsAsync(stream, $"m{i}"));
        for (var i = 0; i < options.MaxAttempts + 1; i++)
        {
            await using var leaving = new StreamMember(bench.ConnectionString, $"leaving{i}", _ => new CountingHandler(stream));
            await leaving.Leases.TickAsync(default);
            ((CountingHandler)leaving.Handler).BeforeCommit = async () =>
            {
                Assert.Equal("2/0/t", await StateAsync(stream));
                await leaving.Leases.LeaveAsync(default);
            };
            await Assert.ThrowsAnyAsync<Exception>(() => leaving.Consumer.RunOnceAsync(default));
        }
        Assert.Equal("2/0/f", await StateAsync(stream));
        await using var member = new StreamMember(bench.ConnectionString, "last", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        Assert.Equal(1, await member.DrainAsync());
        Assert.Equal("poison 1", await bench.CountsAsync(stream));
    }

    [Fact]
    public async Task A_suspected_entry_that_merely_fails_is_put_down_and_a_crash_after_that_is_not_its()
    {
        var (stream, time) = (await bench.StreamAsync(1), new ManualTime());
        await bench.AppendAsync(stream, (0, "poison"));
        for (var i = 0; i <= options.OrdinaryCrashes; i++) Assert.True(await EndsAsync(stream, $"m{i}"));
        await using var failing = new StreamMember(bench.ConnectionString, "failing",
            _ => new CountingHandler(stream) { Before = _ => throw new InvalidOperationException() }, time);
        await failing.Leases.TickAsync(default);
        Assert.Equal(0, await failing.Consumer.RunOnceAsync(default));
        Assert.Equal("2/0/f", await StateAsync(stream));
        await bench.ExpireAsync(stream, "failing");
        await using var member = new StreamMember(bench.ConnectionString, "last", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        Assert.Equal("3/0/f", await StateAsync(stream));
    }

    [Fact]
    public async Task A_lease_that_ended_while_the_database_was_away_or_that_is_ones_own_is_no_crash()
    {
        var stream = await bench.StreamAsync(1);
        await using var old = new StreamMember(bench.ConnectionString, "old", _ => new CountingHandler(stream));
        await old.Leases.TickAsync(default);
        await bench.AppendAsync(stream, (0, "a"));
        await bench.ExpireAsync(stream, "old");
        await old.Leases.TickAsync(default);
        Assert.Equal("0/0/f", await StateAsync(stream));

        await bench.ExpireAsync(stream, "old");
        await bench.ExecuteAsync(
            $"update stream_offsets set lease_expires_at = pg_postmaster_start_time() - interval '1 s' where stream = '{stream}'");
        await using var member = new StreamMember(bench.ConnectionString, "new", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        Assert.Single(member.Shards);
        Assert.Equal("0/0/f", await StateAsync(stream));
    }

    [Fact]
    public async Task A_shard_that_had_nothing_to_do_has_lost_no_owner_to_an_entry()
    {
        var stream = await bench.StreamAsync(2);
        await bench.AppendAsync(stream, (1, "a"));
        await using (var old = new StreamMember(bench.ConnectionString, "old", _ => new CountingHandler(stream)))
            await old.Leases.TickAsync(default);
        await bench.ExpireAsync(stream, "old");
        await using var member = new StreamMember(bench.ConnectionString, "new", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        Assert.Equal("0/0/f 1/0/f", await StateAsync(stream));
    }

    [Fact]
    public async Task Groups_of_one_process_have_one_entry_in_hand_between_them()
    {
        var stream = await bench.StreamAsync(1);
        await using var a = new StreamMember(bench.ConnectionString, "m", _ => new CountingHandler(stream, "a"));
        await using var b = new StreamMember(bench.ConnectionString, "m", _ => new CountingHandler(stream, "b"));
        await a.Leases.TickAsync(default);
        await b.Leases.TickAsync(default);
        using var one = new SemaphoreSlim(1);
        var entry = new StreamEntry(0, 1, default, []);
        var finish = new TaskCompletionSource<Exception?>();
        await using var first = await a.Postgres.OpenOwnAsync("a", default);
        await using var second = await b.Postgres.OpenOwnAsync("b", default);

        var holding = new EntryInHand(a.Handler, "m", one).HoldAsync(first, entry, 1, () => finish.Task, default);
        var waiting = new EntryInHand(b.Handler, "m", one).HoldAsync(second, entry, 1, () => Task.FromResult<Exception?>(null), default);
        await Poll.UntilAsync("the first is noted", async () => await StateAsync(stream) == "0/0/t 0/0/f");
        Assert.False(waiting.IsCompleted);
        finish.SetResult(new InvalidOperationException());
        Assert.IsType<InvalidOperationException>(await holding);
        Assert.Null(await waiting);
        Assert.Equal("0/0/f 0/0/t", await StateAsync(stream));
    }

    [Fact]
    public async Task A_redriven_entry_that_ends_its_process_is_dead_and_not_handled_by_the_next()
    {
        var (stream, time) = (await bench.StreamAsync(1), new ManualTime());
        await bench.AppendAsync(stream, (0, "poison"));
        await bench.ExecuteAsync($"""
            insert into stream_dead_entries (stream, consumer_group, shard, entry_offset, payload, error, attempts, state)
            select stream, 'counting', shard, entry_offset, payload, 'x', 3, 'redriving' from stream_entries where stream = '{stream}'
            """);
        await bench.ExecuteAsync(
            $"insert into stream_offsets (stream, consumer_group, shard, committed) values ('{stream}', 'counting', 0, 1)");
        Assert.True(await EndsAsync(stream, "old"));
        Assert.False(await EndsAsync(stream, "new"));
        Assert.Equal("0 1 dead 4 Handling it again was cut short: the process ended, or lost its shard or the database. Before: x",
            await DeadAsync(stream));
    }

    // A process comes, takes what is free, and ends at the poison (true) or gets through (false).
    private async Task<bool> EndsAsync(string stream, string name)
    {
        using var end = new CancellationTokenSource();
        await using var member = new StreamMember(bench.ConnectionString, name, _ => new CountingHandler(stream)
        {
            Before = text =>
            {
                if (text != "poison") return;
                end.Cancel();
                throw new OperationCanceledException("The process has ended.");
            },
        });
        await member.Leases.TickAsync(default);
        try
        {
            while (await member.Consumer.RunOnceAsync(end.Token) > 0) continue;
        }
        catch (OperationCanceledException)
        {
        }
        await bench.ExpireAsync(stream, name);
        return end.IsCancellationRequested;
    }

    // Of each shard: owners lost / of them with its entry in hand / whether an entry is in hand now.
    private Task<string> StateAsync(string stream) => bench.TextAsync($"""
        select string_agg(concat_ws('/', crashes, crashes_in_hand, in_hand > committed), ' ' order by consumer_group, shard)
            from stream_offsets where stream = '{stream}'
        """);

    private Task<string> DeadAsync(string stream) =>
        bench.TextAsync(
            "select string_agg(concat_ws(' ', shard, entry_offset, state, attempts, error), ', ') from stream_dead_entries "
            + $"where stream = '{stream}'");
}
