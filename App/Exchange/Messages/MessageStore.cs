using App.Exchange.Messages.Api;
using App.Platform.Database;
using App.Platform.Serving;
using Npgsql;

namespace App.Exchange.Messages;

/// <summary>Takes messages one by one, under their senders' idempotency keys if they have any, and redrives dead ones.</summary>
internal sealed class MessageStore
{
    private const int Together = 1000;

    // A transaction's lock, so that it works through PgBouncer and goes with its connection.
    private const string LockKeySql = "select pg_try_advisory_xact_lock(hashtextextended($1 || E'\\n' || $2, 20261123))";

    private const string SelectSql = """
        select id from messages where organization = $1 and state = $2 and id > $3
            and ($4::text is null or channel = $4) and ($5::text is null or recipient = $5)
                and ($6::timestamptz is null or created_at >= $6)
            and ($7::text is null or strpos(lower(error), lower($7)) > 0 or error_code = $8::int)
        order by id limit $9
        """;

    private readonly NpgsqlDataSource source;
    private readonly Outbox outbox;
    private readonly CallBatcher<NewMessage, SentMessage> batcher;

    /// <summary>Stores in a database.</summary>
    public MessageStore(NpgsqlDataSource source, Outbox outbox)
    {
        (this.source, this.outbox) = (source, outbox);
        batcher = new(Together, AddManyAsync);
    }

    /// <summary>Stores a message and queues its delivery, in one commit; those that come at the same time share it.</summary>
    public async Task<SentMessage> AddAsync(NewMessage message, CancellationToken ct)
    {
        if (message.Idempotency is null)
        {
            try
            {
                return await batcher.AskAsync(message, ct);
            }
            catch (PostgresException e) when (!TransientFault.Is(e))
            {
                // One of those that came together cannot be stored. It alone is to hear so.
            }
        }
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (message.Idempotency is { } sent && await FindAsync(connection, message.Organization, sent.Key, sent.Hash, ct) is { } before)
            return before;
        await outbox.AddManyAsync(connection, transaction, [message], ct);
        await transaction.CommitAsync(ct);
        return Taken(message);
    }

    /// <summary>Redrives messages that are dead or uncertain.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> RedriveAsync(string organization, IReadOnlyList<Guid> ids, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var redriven = new List<MessageToDeliver>();
        await using (var command = new NpgsqlCommand("select id, drive, channel, recipient, order_key from messages_drive_again($1, $2)",
            connection, transaction)
        {
            Parameters = { new() { Value = organization }, new() { Value = ids.ToArray() } },
        })
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
                redriven.Add(
                    new(reader.GetGuid(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3),
                        reader.IsDBNull(4) ? null : reader.GetString(4)));
        }
        await outbox.EnqueueAsync(connection, transaction, organization, [.. redriven.OrderBy(one => one.Id)], ct);
        await transaction.CommitAsync(ct);
        return redriven.Count;
    }

    /// <summary>Redrives all that a filter means, a thousand in a commit.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> RedriveAsync(string organization, MessageFilter filter, CancellationToken ct)
    {
        var (all, after) = (0, Guid.Empty);
        while (true)
        {
            var ids = new List<Guid>();
            await using (var command = source.CreateCommand(SelectSql))
            {
                command.Parameters.AddRange(new NpgsqlParameter[]
                {
                    new() { Value = organization }, new() { Value = filter.Status! }, new() { Value = after }, Text(filter.Channel),
                    Text(filter.To),
                    new() { Value = (object?)filter.Since?.UtcDateTime ?? DBNull.Value,
                        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz }, Text(filter.Error),
                    new() { Value = (object?)filter.ErrorCode ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer },
                    new() { Value = Together },
                });
                await using var reader = await command.ExecuteReaderAsync(ct);
                while (await reader.ReadAsync(ct)) ids.Add(reader.GetGuid(0));
            }
            if (ids.Count > 0) all += await RedriveAsync(organization, ids, ct);
            if (ids.Count < Together) return all;
            after = ids[^1];
        }
    }

    private async Task<IReadOnlyList<SentMessage>> AddManyAsync(IReadOnlyList<NewMessage> messages)
    {
        await using var connection = await source.OpenConnectionAsync();
        // By itself a batch is a transaction.
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in await outbox.CommandsAsync(connection, messages, CancellationToken.None)) batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync();
        return [.. messages.Select(Taken)];
    }

    private static SentMessage Taken(NewMessage message) => new(SentMessageKind.Taken, message.Id, MessageState.Pending);

    private static NpgsqlParameter Text(string? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text };

    private static async Task<SentMessage?> FindAsync(NpgsqlConnection connection, string organization, string key, byte[] hash,
        CancellationToken ct)
    {
        await using (var @lock = new NpgsqlCommand(LockKeySql,
            connection)
        { Parameters = { new() { Value = organization }, new() { Value = key } } })
            if (await @lock.ExecuteScalarAsync(ct) is false) return new(SentMessageKind.InFlight, default, "");
        await using var find = new NpgsqlCommand(
            "select id, payload_hash, state from messages where organization = $1 and idempotency_key = $2", connection)
        {
            Parameters = { new() { Value = organization }, new() { Value = key } },
        };
        await using var reader = await find.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct)) return null;
        return reader.GetFieldValue<byte[]>(1).AsSpan().SequenceEqual(hash)
            ? new(SentMessageKind.Taken, reader.GetGuid(0), reader.GetString(2))
            : new(SentMessageKind.OtherPayload, reader.GetGuid(0), "");
    }
}

/// <summary>What became of a sender's request.</summary>
internal enum SentMessageKind
{
    /// <summary>Taken now, or by an earlier request with the same key and payload, whose message this is.</summary>
    Taken,

    /// <summary>Another request with the same key has not ended yet.</summary>
    InFlight,

    /// <summary>The key was used with another payload.</summary>
    OtherPayload,
}

/// <summary>The answer to a sender.</summary>
/// <param name="Kind">What became of the request.</param>
/// <param name="Id">The message.</param>
/// <param name="Status">Its state.</param>
internal sealed record SentMessage(SentMessageKind Kind, Guid Id, string Status);
