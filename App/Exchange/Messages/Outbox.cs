using System.Security.Cryptography;
using System.Text;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using NpgsqlTypes;

namespace App.Exchange.Messages;

/// <summary>
/// Takes messages in the caller's transaction, each with the job that delivers it: they go out exactly when what they
/// tell of is committed.
/// </summary>
internal sealed class Outbox(JobQueue queue, IEnumerable<IMessageChannel> channels)
{
    /// <summary>Bytes of a body at most.</summary>
    public const int LongestBody = 262_144;

    private const int LongestOrderKey = 300;

    private const string InsertSql = """
        insert into messages (id, organization, channel, recipient, event_type, body, idempotency_key, payload_hash)
        select m.id, m.organization, m.channel, m.recipient, m.event_type, m.body::json, m.key, m.hash
        from unnest($1, $2, $3, $4, $5, $6, $7, $8) as m(id, organization, channel, recipient, event_type, body, key, hash)
        """;

    private readonly Dictionary<string, IMessageChannel> known = channels.ToDictionary(channel => channel.Name, StringComparer.Ordinal);

    /// <summary>Adds a message in the transaction that is open on the context.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="InvalidOperationException">No transaction is open.</exception>
    public async Task<Guid> AddAsync(AppDbContext db, NewMessage message, CancellationToken ct)
    {
        await AddManyAsync(db, [message], ct);
        return message.Id;
    }

    /// <summary>Adds messages in the transaction that is open on the context, in their order.</summary>
    /// <exception cref="InvalidOperationException">No transaction is open.</exception>
    public Task AddManyAsync(AppDbContext db, IReadOnlyList<NewMessage> messages, CancellationToken ct)
    {
        var transaction = db.Database.CurrentTransaction?.GetDbTransaction() as NpgsqlTransaction
            ?? throw new InvalidOperationException("Open a transaction on the context first: messages are added in it.");
        return AddManyAsync(transaction.Connection!, transaction, messages, ct);
    }

    /// <summary>Adds messages in the caller's transaction, in their order.</summary>
    public async Task AddManyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewMessage> messages, CancellationToken ct)
    {
        if (messages.Count == 0) return;
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var command in Commands(messages)) batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The commands that add messages in their order, for a batch of the caller's, which must be one transaction.</summary>
    public IEnumerable<NpgsqlBatchCommand> Commands(IReadOnlyList<NewMessage> messages) =>
    [
        new NpgsqlBatchCommand(InsertSql)
        {
            Parameters =
            {
                new() { Value = messages.Select(message => message.Id).ToArray() },
                Texts(messages.Select(message => message.Organization)),
                Texts(messages.Select(message => message.Channel)),
                Texts(messages.Select(message => message.To)),
                Texts(messages.Select(message => message.EventType)),
                Texts(messages.Select(message => message.Body)),
                Texts(messages.Select(message => message.Idempotency?.Key)),
                new() { Value = messages.Select(message => message.Idempotency?.Hash).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
            },
        },
        .. queue.Commands([.. messages.Select(message => JobOf(message.Organization, message.Id, 1, message.Channel, message.To) with { Traceparent = message.Traceparent })]),
    ];

    /// <summary>Queues messages that are driven again.</summary>
    public Task EnqueueAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string organization, IReadOnlyList<(Guid Id, int Drive, string Channel, string To)> messages, CancellationToken ct) =>
        queue.EnqueueAsync(connection, transaction, [.. messages.Select(message => JobOf(organization, message.Id, message.Drive, message.Channel, message.To))], ct);

    // Messages to the same recipient go out in the order in which they were added.
    private NewJob JobOf(string organization, Guid id, int drive, string channel, string to) => new(DeliverMessage.Kind, new DeliverMessageArgs(id, drive))
    {
        Organization = organization,
        OrderKey = OrderKey(organization, channel, to),
        Limits = known.GetValueOrDefault(channel)?.LimitsOf(to) ?? [],
        Delay = drive == 1 ? known.GetValueOrDefault(channel)?.Schedule.Pauses[0] ?? TimeSpan.Zero : TimeSpan.Zero,
    };

    private static string OrderKey(string organization, string channel, string to) => $"message:{channel}:{organization}:" + (to.Length <= LongestOrderKey
        ? to : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(to))));

    private static NpgsqlParameter Texts(IEnumerable<string?> values) => new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
