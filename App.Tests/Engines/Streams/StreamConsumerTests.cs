using App.Platform.Database;
using Npgsql;

namespace App.Tests.Engines.Streams;

/// <summary>Effects and offset in one transaction, fenced by the epoch: each entry has its effect exactly once.</summary>
public sealed class StreamConsumerTests(StreamBench bench) : IClassFixture<StreamBench>
{
    [Fact]
    public async Task Entries_have_their_effects_once_and_in_the_order_of_their_shard()
    {
        var stream = await bench.StreamAsync();
        await using var member = await MemberAsync(stream, "m");
        await bench.AppendAsync(stream, (0, "a"), (1, "b"), (0, "c"));
        await bench.AppendAsync(stream, (0, "d"));
        Assert.Equal(4, await member.DrainAsync());
        Assert.Equal(["a", "c", "d"], Handler(member).Seen.Where(payload => payload != "b"));
        Assert.Equal("a 1, b 1, c 1, d 1", await bench.CountsAsync(stream));
        Assert.Equal(0, await member.DrainAsync());
    }

    [Fact]
    public async Task An_owner_whose_shards_were_taken_commits_nothing()
    {
        var stream = await bench.StreamAsync();
        await using var old = await MemberAsync(stream, "old");
        await using var successor = new StreamMember(bench.ConnectionString, "successor", _ => new CountingHandler(stream));
        await bench.AppendAsync(stream, (0, "a"), (1, "b"));
        Handler(old).BeforeCommit = async () =>
        {
            await bench.ExpireAsync(stream, "old");
            await successor.Leases.TickAsync(default);
            Assert.Equal(4, successor.Shards.Count());
            Assert.Equal(2, await successor.DrainAsync());
        };
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => old.Consumer.RunOnceAsync(default));
        Handler(old).BeforeCommit = () => Task.CompletedTask;
        // Its connection was closed by the successor; with a new one it is fenced.
        Assert.Equal("TD001", (await Assert.ThrowsAsync<PostgresException>(() => old.Consumer.RunOnceAsync(default))).SqlState);
        Assert.Equal("a 1, b 1", await bench.CountsAsync(stream));
    }

    [Fact]
    public async Task An_owner_whose_lease_has_merely_expired_commits_nothing()
    {
        var stream = await bench.StreamAsync();
        await using var member = await MemberAsync(stream, "m");
        await bench.AppendAsync(stream, (0, "a"));
        Handler(member).BeforeCommit = () => bench.ExpireAsync(stream, "m");
        Assert.Equal("TD001", (await Assert.ThrowsAsync<PostgresException>(() => member.Consumer.RunOnceAsync(default))).SqlState);
        Assert.Equal("", await bench.CountsAsync(stream));

        Handler(member).BeforeCommit = () => Task.CompletedTask;
        await member.Leases.TickAsync(default);
        Assert.Equal(1, await member.DrainAsync());
        Assert.Equal("a 1", await bench.CountsAsync(stream));
    }

    [Fact]
    public async Task Losing_one_shard_of_a_batch_loses_the_whole_batch_and_what_remains_is_done_again()
    {
        var stream = await bench.StreamAsync();
        await using var member = await MemberAsync(stream, "m");
        await bench.AppendAsync(stream, (0, "a"), (1, "b"));
        Handler(member).BeforeCommit = () => member.Leases.ReleaseAsync([1], default);
        await Assert.ThrowsAsync<PostgresException>(() => member.Consumer.RunOnceAsync(default));
        Handler(member).BeforeCommit = () => Task.CompletedTask;
        await member.DrainAsync();
        Assert.Equal("a 1", await bench.CountsAsync(stream));
        await member.Leases.TickAsync(default);
        await member.DrainAsync();
        Assert.Equal("a 1, b 1", await bench.CountsAsync(stream));
    }

    [Theory]
    [InlineData("Answer")]
    [InlineData("Request")]
    public async Task A_commit_whose_way_or_acknowledgement_is_lost_happens_once(string lost)
    {
        var stream = await bench.StreamAsync();
        await using var proxy = new CuttingProxy(bench.ConnectionString);
        await using var member = new StreamMember(proxy.ConnectionString, "m", _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        for (var round = 0; round < 5; round++)
        {
            await bench.AppendAsync(stream, (0, $"a{round}"), (1, $"b{round}"));
            Handler(member).BeforeCommit = () =>
            {
                proxy.CutNext(Enum.Parse<Cut>(lost));
                return Task.CompletedTask;
            };
            var fault = await Assert.ThrowsAnyAsync<Exception>(() => member.Consumer.RunOnceAsync(default));
            Assert.True(TransientFault.Is(fault), fault.ToString());
            var committed = await bench.TextAsync($"select sum(committed) from stream_offsets where stream = '{stream}'");
            if (lost == "Request") Assert.Equal($"{round * 2}", committed);
            Handler(member).BeforeCommit = () => Task.CompletedTask;
            await member.DrainAsync();
        }
        Assert.Equal(string.Join(", ", "ab".SelectMany(name => Enumerable.Range(0, 5).Select(round => $"{name}{round} 1"))),
            await bench.CountsAsync(stream));
    }

    [Fact]
    public async Task Killed_backends_charge_no_attempt()
    {
        var stream = await bench.StreamAsync();
        await using var member = await MemberAsync(stream, "m");
        await bench.AppendAsync(stream, (0, "a"));
        Handler(member).BeforeCommit = async () =>
            await bench.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = current_user "
                + "and pid <> pg_backend_pid()");
        for (var i = 0; i < member.Options.MaxAttempts + 2; i++)
            Assert.True(TransientFault.Is(await Assert.ThrowsAnyAsync<Exception>(() => member.Consumer.RunOnceAsync(default))));
        Handler(member).BeforeCommit = () => Task.CompletedTask;
        Assert.Equal(1, await member.DrainAsync());
        Assert.Equal("a 1", await bench.CountsAsync(stream));
        Assert.Equal("0", await bench.TextAsync($"select count(*) from stream_dead_entries where stream = '{stream}'"));
    }

    [Fact]
    public async Task A_group_that_follows_another_never_overtakes_it()
    {
        var stream = await bench.StreamAsync();
        await using var first = new StreamMember(bench.ConnectionString, "first",
            _ => new CountingHandler(stream, "first") { BatchPerShard = 1 });
        await using var follower = new StreamMember(bench.ConnectionString, "follower",
            _ => new CountingHandler(stream, "follower", follows: "first"));
        await follower.Leases.TickAsync(default);
        await bench.AppendAsync(stream, (0, "a"), (0, "b"), (0, "c"), (1, "d"));
        Assert.Equal(0, await follower.DrainAsync());
        await first.Leases.TickAsync(default);
        Assert.Equal(2, await first.Consumer.RunOnceAsync(default));
        Assert.Equal(2, await follower.DrainAsync());
        Assert.Equal("a 1, d 1", await bench.CountsAsync(stream, "follower"));
        await first.DrainAsync();
        Assert.Equal(2, await follower.DrainAsync());
        Assert.Equal("a 1, b 1, c 1, d 1", await bench.CountsAsync(stream, "follower"));
    }

    private static CountingHandler Handler(StreamMember member) => (CountingHandler)member.Handler;

    private async Task<StreamMember> MemberAsync(string stream, string name)
    {
        var member = new StreamMember(bench.ConnectionString, name, _ => new CountingHandler(stream));
        await member.Leases.TickAsync(default);
        return member;
    }
}
