using Npgsql;

namespace App.Platform.Leases;

/// <summary>
/// The right to write as the holder of a lease, under one epoch of it. A process that was stopped does not know that
/// another holds the lease by now; the database does, and refuses what it is asked to commit.
/// </summary>
/// <param name="Name">The lease.</param>
/// <param name="Owner">The process that holds it.</param>
/// <param name="Epoch">Under which it was taken.</param>
internal sealed record Fence(string Name, string Owner, long Epoch)
{
    private const string CheckSql =
        "select epoch from leases where name = $1 and owner = $2 and epoch = $3 and expires_at > clock_timestamp() for share";

    /// <summary>
    /// Asks for leave to commit, in the transaction of what was written and as its last statement: the lease cannot go to
    /// another before the commit. A process that falls asleep even then has its session ended by the database after 5 s.
    /// </summary>
    /// <exception cref="LeaseLostException">The lease has ended or is another's. Nothing of the transaction may be committed.</exception>
    public async Task CheckAsync(NpgsqlTransaction transaction, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection!, transaction)
        {
            BatchCommands =
            {
                new("set local idle_in_transaction_session_timeout = '5s'"),
                new(CheckSql) { Parameters = { new() { Value = Name }, new() { Value = Owner }, new() { Value = Epoch } } },
            },
        };
        if (await batch.ExecuteScalarAsync(ct) is null)
            throw new LeaseLostException($"The lease '{Name}' is not held by {Owner} under epoch {Epoch} any more.");
    }
}

/// <summary>Somebody wrote for a lease that is not theirs any more.</summary>
internal sealed class LeaseLostException(string message) : Exception(message);
