using App.Platform.Database;

namespace App.Platform.Leases;

/// <summary>
/// A named, expiring ownership: at most one process holds it. The database's clock decides; every new owner gets a
/// higher epoch, which later writes must name. Whoever is unsure does not hold it.
/// </summary>
internal sealed class Lease(Postgres postgres, string name, TimeSpan duration)
{
    // One statement renews what is ours, takes what has expired, and leaves what is another's.
    private const string AcquireSql = """
        insert into leases as l (name, owner, epoch, expires_at)
        values ($1, $2, 1, clock_timestamp() + $3)
        on conflict (name) do update
        set owner = excluded.owner,
            epoch = case when l.owner = excluded.owner and l.expires_at > clock_timestamp() then l.epoch else l.epoch + 1 end,
            expires_at = excluded.expires_at
        where l.owner = excluded.owner or l.expires_at <= clock_timestamp()
        returning epoch
        """;

    /// <summary>Takes or renews it.</summary>
    /// <returns>Its epoch, or null when another process holds it.</returns>
    public async Task<long?> AcquireAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(AcquireSql);
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = postgres.ProcessName });
        command.Parameters.Add(new() { Value = duration });
        return (long?)await command.ExecuteScalarAsync(ct);
    }

    /// <summary>What its holder's writes are checked by.</summary>
    /// <param name="epoch">The epoch that <see cref="AcquireAsync"/> answered.</param>
    public Fence FenceOf(long epoch) => new(name, postgres.ProcessName, epoch);

    /// <summary>Gives it back at once, for a drain.</summary>
    public async Task ReleaseAsync(CancellationToken ct)
    {
        await using var command =
            postgres.Source.CreateCommand("update leases set expires_at = clock_timestamp() where name = $1 and owner = $2");
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = postgres.ProcessName });
        await command.ExecuteNonQueryAsync(ct);
    }
}
