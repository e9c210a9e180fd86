using App.Platform.Database;
using App.Platform.Leases;
using App.Tests.Fixtures;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>The leading worker is killed and paused: another leads soon, and what the first writes late is refused.</summary>
public sealed class LeaderFaultTests(ITestOutputHelper report)
{
    // A lease of six seconds and a renewal, on a machine that is several times slower.
    private const double TakeoverSeconds = 30;

    [Fact]
    public async Task A_leader_that_is_killed_or_paused_is_followed_by_another_and_writes_nothing_late()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var postgres = new Postgres(database.ConnectionString, database.ConnectionString, "test");
        await using var first = await AppProcess.StartReadyAsync(database.Url, worker: true, ("PIPELINE_ENABLED", "false"));
        await first.WroteAsync("Acquired leader lease");
        await using var second = await AppProcess.StartReadyAsync(database.Url, worker: true, ("PIPELINE_ENABLED", "false"));
        await using var third = await AppProcess.StartReadyAsync(database.Url, worker: true, ("PIPELINE_ENABLED", "false"));
        Assert.True(
            !second.Output.Contains("Acquired leader lease", StringComparison.Ordinal)
                || first.Output.Contains("Lost leader lease", StringComparison.Ordinal), second.Output);

        first.Kill();
        var (killed, next) = (TimeProvider.System.GetTimestamp(), await FollowedAsync(postgres, first.Name));
        Tell("kill -9", killed);

        var paused = next.Owner == second.Name ? second : third;
        paused.Signal(AppProcess.Stop);
        var stopped = TimeProvider.System.GetTimestamp();
        var after = await FollowedAsync(postgres, paused.Name);
        Tell("SIGSTOP", stopped);
        Assert.True(after.Epoch > next.Epoch);

        // What the paused one would commit under its epoch is refused, before it knows that it was paused.
        await using (var connection = await postgres.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
            await Assert.ThrowsAsync<LeaseLostException>(() => next.CheckAsync(transaction, default));
        paused.Signal(AppProcess.Continue);
        await paused.WroteAsync("Lost leader lease");
    }

    private void Tell(string fault, long since)
    {
        var seconds = TimeProvider.System.GetElapsedTime(since).TotalSeconds;
        report.WriteLine($"Followed {seconds:F1} s after {fault}.");
        Assert.InRange(seconds, 0, TakeoverSeconds);
    }

    private static async Task<Fence> FollowedAsync(Postgres postgres, string before)
    {
        Fence? leads = null;
        await Poll.UntilAsync($"another leads than {before}", async () =>
        {
            await using var command =
                postgres.Source.CreateCommand(
                    "select owner, epoch from leases where name = 'leader' and owner <> $1 and expires_at > clock_timestamp()");
            command.Parameters.Add(new() { Value = before });
            await using var reader = await command.ExecuteReaderAsync();
            if (await reader.ReadAsync()) leads = new Fence("leader", reader.GetString(0), reader.GetInt64(1));
            return leads is not null;
        });
        return leads!;
    }
}
