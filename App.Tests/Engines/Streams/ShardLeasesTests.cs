using App.Engines.Streams;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Streams;

/// <summary>Shards are spread over the live workers, handed over, and taken over, by the database's clock.</summary>
public sealed class ShardLeasesTests(StreamBench bench) : IClassFixture<StreamBench>
{
    private readonly List<StreamMember> members = [];

    [Fact]
    public async Task Shards_are_spread_fairly_over_one_two_and_three_members()
    {
        var stream = await bench.StreamAsync(16);
        await JoinAsync(stream, "a");
        Assert.Equal([16], Shares());
        await JoinAsync(stream, "b");
        Assert.Equal([8, 8], Shares());
        await JoinAsync(stream, "c");
        Assert.Equal([6, 6, 4], Shares().OrderDescending());
        Assert.Equal(16, members.SelectMany(member => member.Shards).Distinct().Count());
        Assert.Equal("16 3",
            await bench.TextAsync(
                "select count(*) || ' ' || count(distinct owner) from stream_offsets "
                + $"where stream = '{stream}' and lease_expires_at > clock_timestamp()"));
        await LeaveAllAsync();
    }

    [Fact]
    public async Task Who_leaves_hands_its_shards_over_at_once()
    {
        var stream = await bench.StreamAsync(4);
        var a = await JoinAsync(stream, "a");
        var b = await JoinAsync(stream, "b");
        await a.Leases.LeaveAsync(default);
        Assert.Empty(a.Shards);
        await b.Leases.TickAsync(default);
        Assert.Equal(4, b.Shards.Count());
        Assert.Equal("b", await bench.TextAsync($"select string_agg(member, ',') from stream_members where stream = '{stream}'"));
        await LeaveAllAsync();
    }

    [Fact]
    public async Task Shards_of_a_member_that_is_gone_are_taken_over_with_a_higher_epoch_where_it_had_come()
    {
        var stream = await bench.StreamAsync(2);
        var a = await JoinAsync(stream, "a");
        await bench.AppendAsync(stream, (0, "x"), (0, "y"));
        await a.DrainAsync();
        var b = await JoinAsync(stream, "b", ticks: 1);
        Assert.Empty(b.Shards);
        await bench.ExpireAsync(stream, "a");
        await b.Leases.TickAsync(default);
        Assert.Equal([(0, 2L, 2L), (1, 2L, 0L)],
            b.Leases.Owned.OrderBy(shard => shard.Shard).Select(shard => ((int)shard.Shard, shard.Epoch, shard.Committed)));

        // The old owner comes back: it finds that it owns nothing, and gets its share from the other.
        await a.Leases.TickAsync(default);
        Assert.Empty(a.Shards);
        await b.Leases.TickAsync(default);
        await a.Leases.TickAsync(default);
        Assert.Equal([1, 1], Shares());
        await LeaveAllAsync();
    }

    [Fact]
    public async Task An_owner_that_stopped_half_way_through_a_commit_does_not_hold_up_its_successor()
    {
        var stream = await bench.StreamAsync(2);
        var a = await JoinAsync(stream, "a");
        await bench.AppendAsync(stream, (0, "x"));
        await using var half = await a.Postgres.OpenOwnAsync("consume/counting", default);
        await using (var begin = new NpgsqlCommand("begin", half)) await begin.ExecuteNonQueryAsync();
        // Long enough for the one statement that must still come in time.
        await bench.ExecuteAsync(
            $"update stream_offsets set lease_expires_at = clock_timestamp() + interval '5 s' where stream = '{stream}'");
        await using (var commit = new NpgsqlCommand(
            $"select stream_commit('{stream}', 'counting', 'a', '{{0}}', '{{1}}', '{{0}}', '{{1}}')", half))
            await commit.ExecuteNonQueryAsync();
        await Poll.UntilAsync("its leases have ended",
            async () =>
                await bench.TextAsync(
                    $"select bool_and(lease_expires_at < clock_timestamp()) from stream_offsets where stream = '{stream}'") == "True");
        await bench.ExecuteAsync($"delete from stream_members where stream = '{stream}'");
        var b = new StreamMember(bench.ConnectionString, "b", _ => new CountingHandler(stream));
        members.Add(b);
        await b.Leases.TickAsync(default).WaitAsync(Poll.Patience);
        Assert.Equal(2, b.Shards.Count());
        Assert.Equal(1, await b.DrainAsync());
        await LeaveAllAsync();
    }

    [Fact]
    public async Task Raising_and_lowering_the_number_of_shards_loses_none()
    {
        var stream = await bench.StreamAsync(2);
        var member = await JoinAsync(stream, "a");
        Assert.Equal([0, 1], member.Shards.Select(shard => (int)shard));
        await StreamAppender.EnsureShardsAsync(bench.Source, stream, 5, default);
        await member.Leases.TickAsync(default);
        Assert.Equal(5, member.Shards.Count());
        await StreamAppender.EnsureShardsAsync(bench.Source, stream, 3, default);
        await member.Leases.TickAsync(default);
        await bench.AppendAsync(stream, (4, "x"), (0, "y"));
        await member.DrainAsync();
        Assert.Equal("x 1, y 1", await bench.CountsAsync(stream));
        await LeaveAllAsync();
    }

    private IEnumerable<int> Shares() => members.Select(member => member.Shards.Count());

    private async Task<StreamMember> JoinAsync(string stream, string name, int ticks = 3)
    {
        var joined = new StreamMember(bench.ConnectionString, name, _ => new CountingHandler(stream));
        members.Add(joined);
        for (var i = 0; i < ticks; i++)
            foreach (var member in ticks == 1 ? [joined] : members) await member.Leases.TickAsync(default);
        return joined;
    }

    private async Task LeaveAllAsync()
    {
        foreach (var member in members) await member.DisposeAsync();
    }
}
