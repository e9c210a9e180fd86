using System.Collections.Concurrent;
using App.Platform.Database;

namespace App.Engines.Jobs;

/// <summary>Counts attempts that end here, and adds them to the minute with the worker's heartbeat.</summary>
internal sealed class JobTally(Postgres postgres)
{
    private sealed class Sum
    {
        public long Attempts;
        public long Ticks;
    }

    private readonly ConcurrentDictionary<(string Kind, string Outcome), Sum> sums = [];

    /// <summary>An attempt has ended.</summary>
    public void Add(string kind, string outcome, TimeSpan took)
    {
        var sum = sums.GetOrAdd((kind, outcome), static _ => new Sum());
        Interlocked.Increment(ref sum.Attempts);
        Interlocked.Add(ref sum.Ticks, took.Ticks);
    }

    /// <summary>Writes what has gathered, by the database's clock.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        // In one order everywhere, so that processes that add to the same minute do not wait for each other in a ring.
        var gathered = sums.OrderBy(pair => pair.Key.Kind, StringComparer.Ordinal).ThenBy(pair => pair.Key.Outcome, StringComparer.Ordinal)
            .Select(pair =>
                (pair.Key, Attempts: Interlocked.Exchange(ref pair.Value.Attempts, 0),
                    Ticks: Interlocked.Exchange(ref pair.Value.Ticks, 0)))
            .Where(one => one.Attempts > 0).ToList();
        if (gathered.Count == 0) return;
        try
        {
            await using var command = postgres.Source.CreateCommand("""
                insert into job_minutes as m (at, kind, outcome, attempts, seconds)
                select date_trunc('minute', clock_timestamp()), kind, outcome, attempts, seconds
                    from unnest($1, $2, $3, $4) as u(kind, outcome, attempts, seconds)
                on conflict (at, kind, outcome) do update
                    set attempts = m.attempts + excluded.attempts, seconds = m.seconds + excluded.seconds
                """);
            command.Parameters.Add(new() { Value = gathered.Select(one => one.Key.Kind).ToArray() });
            command.Parameters.Add(new() { Value = gathered.Select(one => one.Key.Outcome).ToArray() });
            command.Parameters.Add(new() { Value = gathered.Select(one => one.Attempts).ToArray() });
            command.Parameters.Add(new() { Value = gathered.Select(one => TimeSpan.FromTicks(one.Ticks).TotalSeconds).ToArray() });
            await command.ExecuteNonQueryAsync(ct);
        }
        catch
        {
            // Counted again with the next, unless the commit was made and only its answer lost: this is a picture, no ledger.
            foreach (var one in gathered)
            {
                Interlocked.Add(ref sums[one.Key].Attempts, one.Attempts);
                Interlocked.Add(ref sums[one.Key].Ticks, one.Ticks);
            }
            throw;
        }
    }
}
