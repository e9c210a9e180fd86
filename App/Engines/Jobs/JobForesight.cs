using Npgsql;

namespace App.Engines.Jobs;

/// <summary>
/// What a pool reads with its claims, in the same statement, so that a handler finds there what it would have to ask for:
/// <see cref="JobContext.Foreseen"/>. It is a look ahead: a handler must do without where there is none, and says
/// (<see cref="JobOutcome.IsUnforeseen"/>) when it holds no more for those that stand behind its job.
/// </summary>
/// <param name="Function">
/// In the schema: given the arguments of the claimed jobs (<c>text[]</c>) it answers rows that begin with their places, from 1, at
/// most one for each. It changes nothing and waits for nobody, for the claim holds locks.
/// </param>
/// <param name="Columns">The others that it answers.</param>
/// <param name="Read">Reads them from a row of the claim, beginning at the column given.</param>
internal sealed record JobForesight(string Function, IReadOnlyList<string> Columns, Func<NpgsqlDataReader, int, object> Read)
{
    /// <summary>What was read longer ago than this is not relied on.</summary>
    public TimeSpan Fresh { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>What was read with a claim.</summary>
/// <param name="Value">As the pool's <see cref="JobForesight.Read"/> made it.</param>
/// <param name="At">When (a timestamp of the monotonic clock).</param>
/// <param name="Fresh">How long it is relied on.</param>
internal sealed record Foreseen(object Value, long At, TimeSpan Fresh);
