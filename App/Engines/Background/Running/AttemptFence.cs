using App.Platform.Database;

namespace App.Engines.Background.Running;

/// <summary>
/// The right of one attempt to write for its job: the row of the state that this attempt put the job in. Whatever
/// changes the job's state (another worker that took it over, somebody who cancels it) takes the right away.
/// </summary>
/// <param name="JobId">The job.</param>
/// <param name="StateId">The row of its state "Processing" that this attempt wrote.</param>
internal sealed record AttemptFence(long JobId, long StateId)
{
    /// <summary>Finds the row that a worker has just written; no row: another has taken the job since.</summary>
    public const string ClaimSql = """
        select s.id from hangfire.job j join hangfire.state s on s.id = j.stateid
        where j.id = $1 and s.name = 'Processing' and s.data ->> 'ServerId' = $2 and s.data ->> 'WorkerId' = $3
        """;

    private const string HoldSql = "select 1 from hangfire.job where id = $1 and stateid = $2 for no key update";

    private bool ended;

    /// <summary>Whether the attempt has ended its job itself, with its effects.</summary>
    public bool Ended => Volatile.Read(ref ended);

    /// <summary>Says that it has.</summary>
    public void End() => Volatile.Write(ref ended, true);

    /// <summary>Whether the attempt holds its job; if so, nobody takes it before the transaction ends.</summary>
    public async Task<bool> HoldsAsync(ShortTransaction transaction, CancellationToken ct)
    {
        await using var check = transaction.Command(HoldSql, JobId, StateId);
        return await check.ExecuteScalarAsync(ct) is not null;
    }

    /// <summary>The same on a thread that may wait.</summary>
    public bool Holds(ShortTransaction transaction)
    {
        using var check = transaction.Command(HoldSql, JobId, StateId);
        return check.ExecuteScalar() is not null;
    }
}
