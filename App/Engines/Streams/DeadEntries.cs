using Npgsql;

namespace App.Engines.Streams;

/// <summary>
/// Entries that a group could not handle. States: dead → redriving (asked for) → dead (in hand) → done, or still dead.
/// Commands that change them run beside the group's commit, under the same fence.
/// </summary>
internal sealed class DeadEntries(IStreamHandler handler)
{
    // Stands before the error while an entry is handled again, and stays if nobody lives to take it away.
    private const string CutShort = "Handling it again was cut short: the process ended, or lost its shard or the database. Before: ";

    /// <summary>The command that sets an entry aside with its error.</summary>
    public NpgsqlBatchCommand SetAside(StreamEntry entry, Exception error, int attempts) =>
        new("""
            insert into stream_dead_entries (stream, consumer_group, shard, entry_offset, payload, error, attempts)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (stream, consumer_group, shard, entry_offset) do update
                set error = excluded.error, attempts = excluded.attempts, state = 'dead'
            """)
        {
            Parameters =
            {
                new() { Value = handler.Stream },
                new() { Value = handler.Group },
                new() { Value = entry.Shard },
                new() { Value = entry.Offset },
                new() { Value = entry.Payload },
                new() { Value = Describe(error) },
                new() { Value = attempts },
            },
        };

    /// <summary>The command that closes a redriven entry.</summary>
    public static NpgsqlBatchCommand Done(long id) =>
        new("update stream_dead_entries set state = 'done', error = replace(error, $2, '') where id = $1")
        {
            Parameters = { new() { Value = id }, new() { Value = CutShort } },
        };

    /// <summary>The command that puts a redriven entry back.</summary>
    public static NpgsqlBatchCommand FailedAgain(long id, Exception error) =>
        new("update stream_dead_entries set state = 'dead', error = $2 where id = $1")
        {
            Parameters = { new() { Value = id }, new() { Value = Describe(error) } },
        };

    /// <summary>
    /// Charges the attempt before it is made, and is committed before: an entry that ends its process is dead then, and
    /// does not end the next.
    /// </summary>
    /// <returns>False: it is not asked for any more.</returns>
    public static async Task<bool> BeginAsync(NpgsqlConnection connection, long id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            update stream_dead_entries set state = 'dead', attempts = attempts + 1, error = $2 || replace(error, $2, '')
            where id = $1 and state = 'redriving'
            """, connection);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = CutShort });
        return await command.ExecuteNonQueryAsync(ct) == 1;
    }

    /// <summary>Entries of these shards that somebody asked to have handled again, oldest first.</summary>
    public async Task<List<(long Id, StreamEntry Entry)>> RequestedAsync(NpgsqlConnection connection, short[] shards, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            select id, shard, entry_offset, set_aside_at, payload from stream_dead_entries
            where stream = $1 and consumer_group = $2 and shard = any($3) and state = 'redriving' order by id limit 100
            """, connection);
        command.Parameters.Add(new() { Value = handler.Stream });
        command.Parameters.Add(new() { Value = handler.Group });
        command.Parameters.Add(new() { Value = shards });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = new List<(long, StreamEntry)>();
        while (await reader.ReadAsync(ct))
            found.Add(
                (reader.GetInt64(0),
                    new StreamEntry(reader.GetInt16(1), reader.GetInt64(2), reader.GetDateTime(3), reader.GetFieldValue<byte[]>(4))));
        return found;
    }

    // PostgreSQL takes neither NUL nor half a surrogate pair; an error that cannot be stored would hold up the shard for ever.
    private static string Describe(Exception error)
    {
        var text = $"{error.GetType().Name}: {error.Message}".Replace('\0', '\uFFFD');
        if (text.Length > 2000) text = text[..2000];
        return System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
    }
}
