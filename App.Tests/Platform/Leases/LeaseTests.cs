using App.Platform.Database;
using App.Platform.Leases;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Leases;

/// <summary>A named lease has one holder, by the database's clock, and a new epoch with each new owner.</summary>
public sealed class LeaseTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private readonly Postgres a = new(database.ConnectionString, database.ConnectionString, "a");
    private readonly Postgres b = new(database.ConnectionString, database.ConnectionString, "b");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await a.DisposeAsync();
        await b.DisposeAsync();
    }

    [Fact]
    public async Task It_has_one_holder_who_may_renew_it()
    {
        var (first, second) = Pair("one");
        Assert.Equal(1, await first.AcquireAsync(default));
        Assert.Null(await second.AcquireAsync(default));
        Assert.Equal(1, await first.AcquireAsync(default));
    }

    [Fact]
    public async Task Each_new_owner_has_a_higher_epoch()
    {
        var (first, second) = Pair("epochs");
        await first.AcquireAsync(default);
        await ExpireAsync("epochs");
        Assert.Equal(2, await second.AcquireAsync(default));
        Assert.Null(await first.AcquireAsync(default));
        await ExpireAsync("epochs");
        Assert.Equal(3, await first.AcquireAsync(default));
        // Whoever comes late to its own lease may have missed another's: that is a new epoch too.
        await ExpireAsync("epochs");
        Assert.Equal(4, await first.AcquireAsync(default));
    }

    [Fact]
    public async Task What_is_given_back_can_be_taken_at_once_and_only_by_its_owner_given_back()
    {
        var (first, second) = Pair("back");
        await first.AcquireAsync(default);
        await second.ReleaseAsync(default);
        Assert.Null(await second.AcquireAsync(default));
        await first.ReleaseAsync(default);
        Assert.Equal(2, await second.AcquireAsync(default));
    }

    [Fact]
    public async Task Of_many_who_want_it_at_once_one_gets_it()
    {
        await using var c = new Postgres(database.ConnectionString, database.ConnectionString, "c");
        var epochs =
            await Task.WhenAll(
                new[] { a, b, c }.Select(postgres => new Lease(postgres, "rush", TimeSpan.FromMinutes(10)).AcquireAsync(default)));
        Assert.Single(epochs, epoch => epoch is not null);
    }

    private (Lease First, Lease Second) Pair(string name) =>
        (new(a, name, TimeSpan.FromMinutes(10)), new(b, name, TimeSpan.FromMinutes(10)));

    private async Task ExpireAsync(string name)
    {
        await using var command = a.Source.CreateCommand($"update leases set expires_at = clock_timestamp() where name = '{name}'");
        await command.ExecuteNonQueryAsync();
    }
}
