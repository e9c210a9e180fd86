using App.Platform.Database;
using App.Platform.Leases;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Platform.Leases;

/// <summary>What a holder writes after its lease has gone is refused by the database, whatever the holder believes.</summary>
public sealed class FenceTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private readonly Postgres a = new(database.ConnectionString, database.ConnectionString, "a");
    private readonly Postgres b = new(database.ConnectionString, database.ConnectionString, "b");

    public async Task InitializeAsync() => await ExecuteAsync("create table if not exists written (by text not null)");

    public async Task DisposeAsync()
    {
        await a.DisposeAsync();
        await b.DisposeAsync();
    }

    [Fact]
    public async Task A_late_write_is_refused_and_the_new_holders_is_not()
    {
        var (first, second) = Pair("late");
        var old = first.FenceOf((await first.AcquireAsync(default))!.Value);
        await WriteAsync(a, "a in time", old);
        // The holder sleeps; its lease ends, and another takes it.
        await ExecuteAsync("update leases set expires_at = clock_timestamp() where name = 'late'");
        var current = second.FenceOf((await second.AcquireAsync(default))!.Value);

        await Assert.ThrowsAsync<LeaseLostException>(() => WriteAsync(a, "a too late", old));
        await WriteAsync(b, "b", current);
        Assert.Equal("a in time,b",
            await ScalarAsync("select string_agg(by, ',' order by by) from written where by like 'a%' or by = 'b'"));
    }

    [Fact]
    public async Task A_lease_that_has_ended_is_no_leave_even_when_nobody_has_taken_it()
    {
        var (first, _) = Pair("ended");
        var fence = first.FenceOf((await first.AcquireAsync(default))!.Value);
        await ExecuteAsync("update leases set expires_at = clock_timestamp() where name = 'ended'");
        await Assert.ThrowsAsync<LeaseLostException>(() => WriteAsync(a, "ended", fence));
        // And when it has been taken anew by the same process, the earlier epoch is none either.
        var renewed = first.FenceOf((await first.AcquireAsync(default))!.Value);
        await Assert.ThrowsAsync<LeaseLostException>(() => WriteAsync(a, "ended", fence));
        await WriteAsync(a, "renewed", renewed);
    }

    [Fact]
    public async Task Between_leave_and_commit_nobody_takes_the_lease()
    {
        var (first, second) = Pair("between");
        var fence = first.FenceOf((await first.AcquireAsync(default))!.Value);
        await using var connection = await a.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await fence.CheckAsync(transaction, default);
        await using var taker = await b.Source.OpenConnectionAsync();
        await using var impatient = new NpgsqlCommand(
            "set lock_timeout = '50ms'; update leases set owner = 'b', epoch = epoch + 1 where name = 'between'", taker);
        Assert.Equal(PostgresErrorCodes.LockNotAvailable,
            (await Assert.ThrowsAsync<PostgresException>(() => impatient.ExecuteNonQueryAsync())).SqlState);
        await transaction.CommitAsync();
        Assert.Null(await second.AcquireAsync(default));
    }

    private static async Task WriteAsync(Postgres postgres, string what, Fence fence)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var write = new NpgsqlCommand("insert into written values ($1)", connection,
            transaction)
        { Parameters = { new() { Value = what } } }) await write.ExecuteNonQueryAsync();
        await fence.CheckAsync(transaction, default);
        await transaction.CommitAsync();
    }

    private (Lease First, Lease Second) Pair(string name) =>
        (new(a, name, TimeSpan.FromMinutes(10)), new(b, name, TimeSpan.FromMinutes(10)));

    private async Task ExecuteAsync(string sql)
    {
        await using var command = a.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<string?> ScalarAsync(string sql)
    {
        await using var command = a.Source.CreateCommand(sql);
        return (string?)await command.ExecuteScalarAsync();
    }
}
