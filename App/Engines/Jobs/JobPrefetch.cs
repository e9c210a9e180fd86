using Npgsql;

namespace App.Engines.Jobs;

/// <summary>
/// What a pool reads with its claims, in the same round trip, so that its handlers need not ask for it:
/// <see cref="JobContext.Prefetched"/>. It is an optimisation only: a handler must do without where nothing was prefetched,
/// and says (<see cref="JobOutcome.InvalidatesPrefetch"/>) when what was read for the jobs behind it in its order is out of date.
/// </summary>
/// <param name="Function">
/// A function of the schema that belongs to the slice of the queue. Given the arguments of the claimed jobs (<c>text[]</c>) it
/// answers rows whose first column <c>n</c> is the place of a job in them, from 1, at most one row for each. It changes nothing
/// and waits for nobody, for the claim holds locks.
/// </param>
/// <param name="Columns">Its other columns.</param>
/// <param name="Read">Reads them from a row of the claim, beginning at the column given.</param>
internal sealed record JobPrefetch(string Function, IReadOnlyList<string> Columns, Func<NpgsqlDataReader, int, object> Read)
{
    /// <summary>What was read longer ago than this is not used.</summary>
    public TimeSpan Fresh { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>What was read with a claim.</summary>
/// <param name="Value">As the pool's <see cref="JobPrefetch.Read"/> made it.</param>
/// <param name="At">When (a timestamp of the monotonic clock).</param>
/// <param name="Fresh">How long it may be used.</param>
internal sealed record Prefetched(object Value, long At, TimeSpan Fresh);
