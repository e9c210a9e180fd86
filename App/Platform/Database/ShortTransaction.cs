using System.Transactions;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// A short transaction that locks rows which other processes want as well. The database ends it when its process falls
/// asleep in the middle, so that a paused process holds nobody up. Libraries that know only
/// <see cref="System.Transactions"/> can take part in it: <see cref="Join"/>.
/// </summary>
internal sealed class ShortTransaction : IAsyncDisposable, IDisposable
{
    private const string Bound = "set local idle_in_transaction_session_timeout = '5s'";
    private readonly CommittableTransaction transaction =
        new(new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted, Timeout = TransactionManager.MaximumTimeout });

    private ShortTransaction(NpgsqlConnection connection) => Connection = connection;

    /// <summary>Its connection: every statement on it belongs to the transaction.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Begins one.</summary>
    public static async Task<ShortTransaction> BeginAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        var begun = new ShortTransaction(source.CreateConnection());
        try
        {
            await begun.Connection.OpenAsync(ct);
            begun.Connection.EnlistTransaction(begun.transaction);
            await using var bound = begun.Command(Bound);
            await bound.ExecuteNonQueryAsync(ct);
            return begun;
        }
        catch
        {
            await begun.DisposeAsync();
            throw;
        }
    }

    /// <summary>Begins one on a thread that may wait.</summary>
    public static ShortTransaction Begin(NpgsqlDataSource source)
    {
        var begun = new ShortTransaction(source.CreateConnection());
        try
        {
            begun.Connection.Open();
            begun.Connection.EnlistTransaction(begun.transaction);
            using var bound = begun.Command(Bound);
            bound.ExecuteNonQuery();
            return begun;
        }
        catch
        {
            begun.Dispose();
            throw;
        }
    }

    /// <summary>A statement in it.</summary>
    public NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, Connection);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }

    /// <summary>Does something, without awaiting, that looks for the transaction of its thread.</summary>
    public T Join<T>(Func<T> work)
    {
        using var scope = new TransactionScope(transaction);
        var result = work();
        scope.Complete();
        return result;
    }

    /// <summary>Makes it so.</summary>
    public Task CommitAsync() => Task.Factory.FromAsync(transaction.BeginCommit, transaction.EndCommit, null);

    /// <summary>Makes it so, on a thread that may wait.</summary>
    public void Commit() => transaction.Commit();

    /// <inheritdoc/>
    public void Dispose()
    {
        RollBack();
        Connection.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        RollBack();
        await Connection.DisposeAsync();
    }

    private void RollBack()
    {
        if (transaction.TransactionInformation.Status == TransactionStatus.Active) transaction.Rollback();
        transaction.Dispose();
    }
}
