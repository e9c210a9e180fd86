using App.Engines.Jobs;
using App.Platform.Database;

namespace App.Tests.Engines.Jobs;

/// <summary>A registered worker that claims, finishes and beats when a test says so.</summary>
internal sealed class HandWorker(JobBench bench, JobSession session, Postgres postgres)
{
    private static readonly string[] Names = [.. JobBench.Kinds.Select(kind => kind.Name)];

    /// <summary>Nobody beats for it: its lease outlasts every test, and ends when the test says so.</summary>
    public static JobOptions Options { get; } = JobBench.Options with { Heartbeat = TimeSpan.FromHours(1) };

    public long Id => session.Worker;

    /// <summary>Claims.</summary>
    public async Task<List<ClaimedJob>> ClaimAsync(int limit = 100, bool ahead = false, int suspects = 100, bool solo = true,
        (string, string) after = default)
    {
        await using var connection = await bench.Source.OpenConnectionAsync();
        await using var command = JobStore.Claim(connection, Id, Names, limit, ahead, suspects, solo,
            after.Item1 is null ? ("", "") : after);
        await using var reader = await command.ExecuteReaderAsync();
        var jobs = new List<ClaimedJob>();
        while (await reader.ReadAsync())
            jobs.Add(
                new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4),
                    reader.GetInt32(5), reader.GetInt32(6),
                reader.GetBoolean(7), reader.GetInt32(8), reader.GetInt32(10)));
        return [.. jobs.OrderBy(job => job.Id)];
    }

    /// <summary>Claims what there is, and answers the ids.</summary>
    public async Task<long[]> ClaimIdsAsync(int limit = 100) => [.. (await ClaimAsync(limit)).Select(job => job.Id)];

    /// <summary>Ends attempts alike.</summary>
    /// <returns>Those that were still held.</returns>
    public async Task<long[]> EndAsync(JobOutcome outcome, params IReadOnlyList<ClaimedJob> jobs)
    {
        await using var connection = await bench.Source.OpenConnectionAsync();
        await using var command = JobStore.Finish(connection, null, Id,
            [.. jobs.Select(job => JobStore.End(job, JobBench.Kinds.First(kind => kind.Name == job.Kind), outcome, 0.5))]);
        await using var reader = await command.ExecuteReaderAsync();
        var held = new List<long>();
        while (await reader.ReadAsync()) held.Add(reader.GetInt64(0));
        return [.. held.Order()];
    }

    /// <summary>Renews the lease; answers the jobs to be cancelled, or null when it is lost.</summary>
    public Task<IReadOnlyList<long>?> BeatAsync() => session.BeatAsync(postgres, Options, default);

    /// <summary>Lets its lease run out.</summary>
    public Task ExpireAsync() =>
        bench.ExecuteAsync($"update job_workers set lease_expires_at = clock_timestamp() - interval '1 ms' where id = {Id}");

    /// <summary>Its process dies, and its jobs are freed.</summary>
    public async Task DieAsync()
    {
        await ExpireAsync();
        await bench.ExecuteAsync("select jobs_rescue()");
    }
}
