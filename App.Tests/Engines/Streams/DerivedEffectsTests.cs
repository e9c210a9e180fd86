using App.Engines.Streams;

namespace App.Tests.Engines.Streams;

/// <summary>
/// Effects that follow from entries alone are committed without waiting for the disk. A database that crashes may forget
/// them, always together with the offsets, and then they are made again.
/// </summary>
public sealed class DerivedEffectsTests(StreamBench bench) : IClassFixture<StreamBench>
{
    [Theory]
    [InlineData(true, "off")]
    [InlineData(false, "on")]
    public async Task Only_derived_effects_do_not_wait_for_the_disk(bool derived, string waits)
    {
        var stream = await bench.StreamAsync();
        await NoteAtCommitAsync("counts");
        await using var member = await MemberAsync(stream, derived);
        await bench.AppendAsync(stream, (0, "a"));
        Assert.Equal(1, await member.DrainAsync());
        Assert.Equal($"{waits} 1", await NotedAsync(stream));
    }

    [Fact]
    public async Task An_entry_that_is_set_aside_waits_for_the_disk()
    {
        var stream = await bench.StreamAsync();
        await NoteAtCommitAsync("stream_dead_entries");
        await using var member = await MemberAsync(stream, derived: true, StreamMember.Defaults with { MaxAttempts = 1 });
        ((CountingHandler)member.Handler).Before = payload => throw new InvalidOperationException(payload);
        await bench.AppendAsync(stream, (0, "a"));
        await member.Consumer.RunOnceAsync(default);
        await member.Consumer.RunOnceAsync(default);
        Assert.Equal("1", await bench.TextAsync($"select count(*) from stream_dead_entries where stream = '{stream}'"));
        Assert.Equal("on 1", await NotedAsync(stream));
    }

    [Fact]
    public async Task What_a_crashed_database_has_forgotten_is_made_again_also_in_shards_where_nothing_new_arrives()
    {
        var stream = await bench.StreamAsync();
        await using var member = await MemberAsync(stream, derived: true);
        await bench.AppendAsync(stream, (0, "a"), (1, "b"));
        await member.DrainAsync();
        await bench.AppendAsync(stream, (1, "c"));
        await member.DrainAsync();

        // As after a crash: the last commit never was, and the sessions are gone.
        await bench.ExecuteAsync($"""
            delete from counts where stream = '{stream}' and payload = 'c';
            update stream_offsets set committed = committed - 1 where stream = '{stream}' and shard = 1;
            select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'm/%'
            """);
        await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(() => member.Consumer.RunOnceAsync(default));
        Assert.Equal(1, await member.DrainAsync());
        Assert.Equal("a 1, b 1, c 1", await bench.CountsAsync(stream));
    }

    private async Task<StreamMember> MemberAsync(string stream, bool derived, StreamOptions? options = null)
    {
        var member = new StreamMember(bench.ConnectionString, "m", _ => new CountingHandler(stream) { EffectsAreDerived = derived },
            options: options);
        await member.Leases.TickAsync(default);
        return member;
    }

    // A deferred trigger runs as the transaction commits: it sees how that will be done.
    private Task NoteAtCommitAsync(string table) => bench.ExecuteAsync($"""
        create table if not exists noted (stream text, waits text);
        create or replace function note() returns trigger language plpgsql as $$
        begin
            insert into noted values (new.stream, current_setting('synchronous_commit'));
            return null;
        end $$;
        drop trigger if exists notes on {table};
        create constraint trigger notes after insert on {table} deferrable initially deferred for each row execute function note()
        """);

    private Task<string> NotedAsync(string stream) =>
        bench.TextAsync($"select waits || ' ' || count(*) from noted where stream = '{stream}' group by waits");
}
