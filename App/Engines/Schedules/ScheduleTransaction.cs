using App.Platform.Database;
using Npgsql;

namespace App.Engines.Schedules;

/// <summary>
/// A short transaction that locks rows which other workers want as well. The database ends it when its process falls
/// asleep in the middle, so that a paused worker holds nobody up.
/// </summary>
internal sealed class ScheduleTransaction : IAsyncDisposable
{
    private ScheduleTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) => (Connection, Transaction) = (connection, transaction);

    /// <summary>Its connection.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>The transaction itself.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>Begins one.</summary>
    public static async Task<ScheduleTransaction> BeginAsync(Postgres postgres, CancellationToken ct)
    {
        var connection = await postgres.Source.OpenConnectionAsync(ct);
        try
        {
            var begun = new ScheduleTransaction(connection, await connection.BeginTransactionAsync(ct));
            await using var bound = begun.Command("set local idle_in_transaction_session_timeout = '5s'");
            await bound.ExecuteNonQueryAsync(ct);
            return begun;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>A statement in it.</summary>
    public NpgsqlCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlCommand(sql, Connection, Transaction);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }

    /// <summary>Makes it so.</summary>
    public Task CommitAsync(CancellationToken ct) => Transaction.CommitAsync(ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
