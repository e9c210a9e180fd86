using App.Engines.Streams;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Engines.Streams;

/// <summary>A partition a day, made ahead, dropped when it is old and every group has passed it.</summary>
public sealed class StreamPartitionsTests(StreamBench bench) : IClassFixture<StreamBench>
{
    private static int year = 2030;

    private readonly ManualTime time = new(new DateTimeOffset(Interlocked.Increment(ref year), 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Partitions_of_today_and_the_next_two_days_are_made_once()
    {
        await using var postgres = Connect();
        await Partitions(postgres).CreateAheadAsync(default);
        Assert.Equal($"{time.GetUtcNow().Year}0301 {time.GetUtcNow().Year}0302 {time.GetUtcNow().Year}0303", await NamesAsync());
        time.Advance(TimeSpan.FromDays(1));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Partitions(postgres).CreateAheadAsync(default)));
        Assert.EndsWith("0301 " + $"{time.GetUtcNow().Year}0302 {time.GetUtcNow().Year}0303 {time.GetUtcNow().Year}0304",
            await NamesAsync());
    }

    [Fact]
    public async Task A_partition_is_dropped_only_when_it_is_old_and_every_group_has_passed_it()
    {
        await using var postgres = Connect();
        var partitions = Partitions(postgres);
        await partitions.CreateAheadAsync(default);
        var stream = await bench.StreamAsync(1);
        await InsertAsync(stream, 1, time.GetUtcNow());
        var first = $"stream_entries_{time.GetUtcNow():yyyyMMdd}";
        time.Advance(TimeSpan.FromDays(4));

        // No group has ever looked: dropping it would lose what was accepted.
        Assert.DoesNotContain(first, await partitions.RunOnceAsync(default));
        await bench.ExecuteAsync(
            $"insert into stream_offsets (stream, consumer_group, shard, committed) values ('{stream}', 'a', 0, 1), "
            + $"('{stream}', 'b', 0, 0)");
        Assert.DoesNotContain(first, await partitions.RunOnceAsync(default));
        await bench.ExecuteAsync($"update stream_offsets set committed = 1 where stream = '{stream}'");
        time.Advance(-TimeSpan.FromDays(2));
        Assert.DoesNotContain(first, await partitions.RunOnceAsync(default));
        time.Advance(TimeSpan.FromDays(2));
        Assert.Contains(first, await partitions.RunOnceAsync(default));
        Assert.Equal("0", await bench.TextAsync($"select count(*) from stream_entries where stream = '{stream}'"));
    }

    [Fact]
    public async Task Entries_without_a_partition_are_read_and_go_when_they_are_old_and_passed()
    {
        await using var postgres = Connect();
        var partitions = Partitions(postgres);
        var stream = await bench.StreamAsync(1);
        await InsertAsync(stream, 1, time.GetUtcNow());
        await InsertAsync(stream, 2, time.GetUtcNow().AddDays(1));
        await bench.ExecuteAsync($"update stream_shards set head = 2 where stream = '{stream}'");
        Assert.Equal("2", await DefaultAsync(stream));
        // Days with entries in the default partition get none of their own; the others do.
        await partitions.RunOnceAsync(default);
        Assert.Equal($"{time.GetUtcNow().AddDays(2):yyyyMMdd}", await NamesAsync());

        time.Advance(TimeSpan.FromHours(60));
        await partitions.RunOnceAsync(default);
        Assert.Equal("2", await DefaultAsync(stream));
        await using var member = new StreamMember(bench.ConnectionString, "m", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        Assert.Equal(2, await member.DrainAsync());
        await partitions.RunOnceAsync(default);
        Assert.Equal("1", await DefaultAsync(stream));
        time.Advance(TimeSpan.FromDays(1));
        await partitions.RunOnceAsync(default);
        Assert.Equal("0", await DefaultAsync(stream));
    }

    private Postgres Connect() => new(bench.ConnectionString, bench.ConnectionString, "m");

    private StreamPartitions Partitions(Postgres postgres) =>
        new(postgres, StreamMember.Defaults, time, NullLogger<StreamPartitions>.Instance);

    private Task<int> InsertAsync(string stream, long offset, DateTimeOffset at) =>
        bench.ExecuteAsync($"insert into stream_entries values ('{stream}', 0, {offset}, '{at:u}', 'x{offset}')");

    private Task<string> DefaultAsync(string stream) =>
        bench.TextAsync($"select count(*) from stream_entries_default where stream = '{stream}'");

    private Task<string> NamesAsync() => bench.TextAsync(
        "select string_agg(right(c.relname, 8), ' ' order by 1) from pg_inherits i join pg_class c on c.oid = i.inhrelid "
        + $"where i.inhparent = 'stream_entries'::regclass and c.relname like 'stream\\_entries\\_{time.GetUtcNow().Year}%'");
}
