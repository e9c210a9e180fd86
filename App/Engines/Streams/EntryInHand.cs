using Npgsql;

namespace App.Engines.Streams;

/// <summary>
/// Handles an entry that may be what ends its process: one such at a time in the process, whatever its group, and noted
/// in its shard's row before. Should the process end, the next owner knows which entry to charge, and charges no other.
/// </summary>
/// <param name="handler">Names stream and group.</param>
/// <param name="owner">This process.</param>
/// <param name="oneAtATime">Shared by all groups of the process.</param>
internal sealed class EntryInHand(IStreamHandler handler, string owner, SemaphoreSlim oneAtATime)
{
    /// <summary>Has an entry handled while it is noted.</summary>
    /// <param name="connection">The consumer's.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="epoch">Of its shard.</param>
    /// <param name="handle">Handles and commits it, or answers its fault. If it throws, the note stays until <see cref="PutDown"/>.</param>
    /// <param name="ct">Gives up waiting.</param>
    public async Task<Exception?> HoldAsync(NpgsqlConnection connection, StreamEntry entry, long epoch, Func<Task<Exception?>> handle,
        CancellationToken ct)
    {
        await oneAtATime.WaitAsync(ct);
        try
        {
            await using var note = new NpgsqlCommand(
                "update stream_offsets set in_hand = $6 where stream = $1 and consumer_group = $2 and owner = $3 and shard = $4 "
                + "and epoch = $5", connection);
            note.Parameters.Add(new() { Value = handler.Stream });
            note.Parameters.Add(new() { Value = handler.Group });
            note.Parameters.Add(new() { Value = owner });
            note.Parameters.Add(new() { Value = entry.Shard });
            note.Parameters.Add(new() { Value = epoch });
            note.Parameters.Add(new() { Value = entry.Offset });
            await note.ExecuteNonQueryAsync(ct);
            var fault = await handle();
            // A commit has moved the offset past it; a fault has not, and what happens next is not this entry's.
            if (fault is null) return null;
            await using var batch = new NpgsqlBatch(connection) { BatchCommands = { PutDown() } };
            await batch.ExecuteNonQueryAsync(ct);
            return fault;
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    /// <summary>The command after which nothing of the group is in hand in this process.</summary>
    public NpgsqlBatchCommand PutDown() =>
        new("update stream_offsets set in_hand = 0 where stream = $1 and consumer_group = $2 and owner = $3 and in_hand > 0")
        {
            Parameters = { new() { Value = handler.Stream }, new() { Value = handler.Group }, new() { Value = owner } },
        };
}
