using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Streams;

/// <summary>A poison entry is retried, set aside, and redriven; neither its shard nor others wait for it.</summary>
public sealed class DeadEntriesTests(StreamBench bench) : IClassFixture<StreamBench>
{
    [Fact]
    public async Task A_poison_entry_is_set_aside_after_its_attempts_and_the_rest_goes_on()
    {
        var (stream, time) = (await bench.StreamAsync(), new ManualTime());
        await using var member = await MemberAsync(stream, time);
        await bench.AppendAsync(stream, (0, "a"), (0, "poison"), (0, "b"), (1, "c"));

        await member.DrainAsync();
        Assert.Equal("a 1, c 1", await bench.CountsAsync(stream));
        await bench.AppendAsync(stream, (1, "d"));
        await member.DrainAsync();
        Assert.Equal("a 1, c 1, d 1", await bench.CountsAsync(stream));

        await LiveThroughAsync(member, time);
        Assert.Equal("a 1, b 1, c 1, d 1", await bench.CountsAsync(stream));
        Assert.Equal("0 2 dead 3 InvalidOperationException: it is poison", await DeadAsync(stream));
        // Once among the others, which costs no attempt, and three times alone.
        Assert.Equal(4, Handler(member).Seen.Count(payload => payload == "poison"));
    }

    [Fact]
    public async Task A_redriven_entry_is_done_once_its_cause_is_gone_also_while_others_keep_coming()
    {
        var (stream, time) = (await bench.StreamAsync(), new ManualTime());
        await using var member = await MemberAsync(stream, time);
        await bench.AppendAsync(stream, (0, "poison"));
        await LiveThroughAsync(member, time);
        await RedriveAsync(stream);
        Handler(member).Before = _ => { };
        for (var i = 0; i < 3; i++)
        {
            await bench.AppendAsync(stream, (1, $"load{i}"));
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(1, await member.Consumer.RunOnceAsync(default));
        }
        Assert.Equal("load0 1, load1 1, load2 1, poison 1", await bench.CountsAsync(stream));
        Assert.Equal("0 1 done 4 InvalidOperationException: it is poison", await DeadAsync(stream));
    }

    [Fact]
    public async Task A_redrive_that_fails_is_dead_again_with_another_attempt()
    {
        var (stream, time) = (await bench.StreamAsync(), new ManualTime());
        await using var member = await MemberAsync(stream, time);
        await bench.AppendAsync(stream, (0, "poison"));
        await LiveThroughAsync(member, time);
        await RedriveAsync(stream);
        await member.DrainAsync();
        Assert.Equal("0 1 dead 4 InvalidOperationException: it is poison", await DeadAsync(stream));
        Assert.Equal("", await bench.CountsAsync(stream));
    }

    [Fact]
    public async Task An_error_that_the_database_cannot_hold_does_not_hold_up_the_shard()
    {
        var (stream, time) = (await bench.StreamAsync(), new ManualTime());
        await using var member = await MemberAsync(stream, time);
        Handler(member).Before = text =>
        {
            if (text == "poison") throw new InvalidOperationException($"NUL \0 and half a pair \ud83d{new string('x', 3000)}");
        };
        await bench.AppendAsync(stream, (0, "poison"), (0, "b"));
        await LiveThroughAsync(member, time);
        Assert.Equal("b 1", await bench.CountsAsync(stream));
        Assert.StartsWith("0 1 dead 3 InvalidOperationException: NUL \ufffd and", await DeadAsync(stream));
    }

    [Fact]
    public async Task An_effect_that_the_database_refuses_is_the_entrys_fault()
    {
        var (stream, time) = (await bench.StreamAsync(), new ManualTime());
        await bench.ExecuteAsync($"alter table counts add constraint refuse_{stream} check (stream <> '{stream}' or payload <> 'refused')");
        await using var member = await MemberAsync(stream, time);
        await bench.AppendAsync(stream, (0, "refused"), (0, "b"), (1, "c"));
        await LiveThroughAsync(member, time);
        Assert.Equal("b 1, c 1", await bench.CountsAsync(stream));
        Assert.StartsWith("0 1 dead 3 PostgresException: 23514", await DeadAsync(stream));
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(TaskCanceledException))]
    [InlineData(typeof(ObjectDisposedException))]
    public async Task What_the_handler_itself_throws_is_the_entrys_fault_also_when_it_looks_like_a_broken_connection(Type fault)
    {
        var (stream, time) = (await bench.StreamAsync(), new ManualTime());
        await using var member = await MemberAsync(stream, time);
        Handler(member).Before = text =>
        {
            if (text == "poison") throw (Exception)Activator.CreateInstance(fault, "it is poison")!;
        };
        await bench.AppendAsync(stream, (0, "poison"), (0, "b"), (1, "c"));
        await LiveThroughAsync(member, time);
        Assert.Equal("b 1, c 1", await bench.CountsAsync(stream));
        Assert.StartsWith($"0 1 dead 3 {fault.Name}: ", await DeadAsync(stream));
    }

    [Fact]
    public async Task A_database_that_the_handler_cannot_reach_is_not_the_entrys_fault_however_often()
    {
        var (stream, time) = (await bench.StreamAsync(), new ManualTime());
        await using var member = await MemberAsync(stream, time);
        Handler(member).Before = _ => throw new InvalidOperationException("wrapped", new NpgsqlException("reading", new IOException()));
        await bench.AppendAsync(stream, (0, "a"));
        for (var i = 0; i < member.Options.MaxAttempts + 2; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => member.Consumer.RunOnceAsync(default));
            time.Advance(TimeSpan.FromSeconds(5));
        }
        Handler(member).Before = _ => { };
        Assert.Equal(1, await member.DrainAsync());
        Assert.Equal("", await DeadAsync(stream));
    }

    private static CountingHandler Handler(StreamMember member) => (CountingHandler)member.Handler;

    private static async Task LiveThroughAsync(StreamMember member, ManualTime time)
    {
        for (var i = 0; i < 6; i++)
        {
            await member.DrainAsync();
            time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    private async Task<StreamMember> MemberAsync(string stream, TimeProvider time)
    {
        var member = new StreamMember(bench.ConnectionString, "m", _ => new CountingHandler(stream), time);
        Handler(member).Before = text =>
        {
            if (text == "poison") throw new InvalidOperationException("it is poison");
        };
        await member.Leases.TickAsync(default);
        return member;
    }

    private Task<int> RedriveAsync(string stream) =>
        bench.ExecuteAsync($"update stream_dead_entries set state = 'redriving' where stream = '{stream}' and state = 'dead'");

    private Task<string> DeadAsync(string stream) =>
        bench.TextAsync(
            "select string_agg(concat_ws(' ', shard, entry_offset, state, attempts, error), ', ') from stream_dead_entries "
            + $"where stream = '{stream}'");
}
