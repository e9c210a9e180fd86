using App.Platform.Database;
using App.Platform.Leases;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace App.Tests.Platform.Leases;

/// <summary>One process does the duties, each when it is due, whatever becomes of the others.</summary>
public sealed class LeaderTests : IAsyncLifetime
{
    private readonly ManualTime time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<string> done = [];
    private TestDatabase database = null!;
    private Postgres a = null!, b = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        (a, b) = (new(database.ConnectionString, database.ConnectionString, "a"),
            new(database.ConnectionString, database.ConnectionString, "b"));
    }

    public async Task DisposeAsync()
    {
        await a.DisposeAsync();
        await b.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Duties_are_done_by_the_leader_alone_and_only_when_they_are_due()
    {
        using var first = Leader(a, "a", Duty("often", 1), Duty("seldom", 60));
        using var second = Leader(b, "b", Duty("often", 1));
        await first.TickAsync(default);
        // Its lease is of the database's clock, and is not to end while the test looks on.
        await using (var command =
            a.Source.CreateCommand("update leases set expires_at = clock_timestamp() + interval '1 hour' where name = 'leader'"))
            await command.ExecuteNonQueryAsync();
        await second.TickAsync(default);
        await second.WorkAsync();
        await first.WorkAsync();
        Assert.Equal(["a often", "a seldom"], done);
        time.Advance(TimeSpan.FromSeconds(1));
        await first.WorkAsync();
        Assert.Equal(["a often", "a seldom", "a often"], done);
    }

    [Fact]
    public async Task A_duty_that_fails_is_tried_again_and_keeps_no_other_from_being_done()
    {
        var failures = 1;
        using var leader = Leader(a, "a",
            name =>
                new Duty("fails", TimeSpan.FromHours(1),
                    _ => failures-- > 0 ? throw new InvalidOperationException("no") : Did(name, "fails")), Duty("other", 3600));
        await leader.TickAsync(default);
        await leader.WorkAsync();
        Assert.Equal(["a other"], done);
        time.Advance(TimeSpan.FromSeconds(8));
        await leader.WorkAsync();
        Assert.Equal(["a other", "a fails"], done);
    }

    [Fact]
    public async Task A_duty_is_cancelled_when_the_lease_goes_to_another()
    {
        var told = new TaskCompletionSource();
        using var leader = Leader(a, "a", _ => new Duty("long", TimeSpan.FromHours(1), async ct =>
        {
            told.SetResult();
            await Task.Delay(Timeout.Infinite, ct);
        }));
        await leader.TickAsync(default);
        var working = leader.WorkAsync();
        await told.Task;
        await using (var command =
            a.Source.CreateCommand(
                "update leases set owner = 'b', epoch = epoch + 1, expires_at = clock_timestamp() + interval '1 hour' "
                + "where name = 'leader'"))
            await command.ExecuteNonQueryAsync();

        await leader.TickAsync(default);
        await working;
        Assert.False(leader.Leads);
    }

    private Leader Leader(Postgres postgres, string name, params Func<string, Duty>[] duties) =>
        new(postgres, duties.Select(duty => duty(name)), time, NullLogger<Leader>.Instance);

    private Func<string, Duty> Duty(string duty, int seconds) =>
        name => new Duty(duty, TimeSpan.FromSeconds(seconds), _ => Did(name, duty));

    private Task Did(string name, string duty)
    {
        done.Add($"{name} {duty}");
        return Task.CompletedTask;
    }
}
