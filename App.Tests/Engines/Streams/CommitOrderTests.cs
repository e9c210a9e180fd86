using App.Engines.Streams;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Streams;

/// <summary>The trap of numbers that are handed out in one order and become visible in another, and its cure.</summary>
public sealed class CommitOrderTests(StreamBench bench) : IClassFixture<StreamBench>
{
    [Fact]
    public async Task A_reader_of_a_sequence_skips_for_ever_what_commits_late()
    {
        await bench.ExecuteAsync("create table numbered (id bigint generated always as identity, payload text)");
        await using var slow = await bench.Source.OpenConnectionAsync();
        await using var transaction = await slow.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("insert into numbered (payload) values ('slow')", slow, transaction))
            await insert.ExecuteNonQueryAsync();
        await bench.ExecuteAsync("insert into numbered (payload) values ('fast')");

        Assert.Equal("fast", await bench.TextAsync("select string_agg(payload, ',') from numbered where id > 0"));
        var last = await bench.TextAsync("select max(id) from numbered");
        await transaction.CommitAsync();

        Assert.Equal("", await bench.TextAsync($"select string_agg(payload, ',') from numbered where id > {last}"));
        Assert.Equal("2", await bench.TextAsync("select count(*) from numbered"));
    }

    [Fact]
    public async Task Through_the_appender_the_same_schedule_skips_nothing_since_the_second_waits_for_the_first()
    {
        var stream = await bench.StreamAsync(1);
        await using var member = new StreamMember(bench.ConnectionString, "reader", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        await using var slow = await bench.Source.OpenConnectionAsync();
        await using var fast = await bench.Source.OpenConnectionAsync();
        await using var slowTransaction = await slow.BeginTransactionAsync();
        await using var fastTransaction = await fast.BeginTransactionAsync();
        await StreamAppender.AppendAsync(slow, slowTransaction, stream, StreamBench.Entries((0, "slow")), default);
        var appending = StreamAppender.AppendAsync(fast, fastTransaction, stream, StreamBench.Entries((0, "fast")), default);
        await Poll.UntilAsync("the second appender waits for the first",
            async () => await bench.TextAsync($"select pg_blocking_pids({fast.ProcessID}) = array[{slow.ProcessID}]") == "True");
        Assert.Equal(0, await member.DrainAsync());

        await slowTransaction.CommitAsync();
        await appending;
        Assert.Equal(1, await member.DrainAsync());
        await fastTransaction.CommitAsync();
        Assert.Equal(1, await member.DrainAsync());
        Assert.Equal(["slow", "fast"], ((CountingHandler)member.Handler).Seen);
    }

    [Fact]
    public async Task Appenders_of_the_same_shards_in_other_orders_do_not_block_each_other_for_ever()
    {
        var stream = await bench.StreamAsync(4);
        await Task.WhenAll(
            Enumerable.Range(0, 40)
                .Select(i =>
                    bench.AppendAsync(stream,
                        [.. Enumerable.Range(0, 4).Select(k => ((short)((i * 3 + k * (i % 2 == 0 ? 1 : 3)) % 4), $"{i}"))])));
        Assert.Equal("40,40,40,40",
            await bench.TextAsync($"select string_agg(head::text, ',') from stream_shards where stream = '{stream}'"));
        Assert.Equal("160 40",
            await bench.TextAsync(
                $"select count(distinct (shard, entry_offset)) || ' ' || max(entry_offset) from stream_entries where stream = '{stream}'"));
    }
}
