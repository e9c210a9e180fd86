using System.Security.Cryptography;
using System.Text;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Exchange.Messages.OutboundWebhooks;
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
        insert into messages (id, organization, channel, recipient, event_type, body, idempotency_key, payload_hash, order_key)
        select m.id, m.organization, m.channel, m.recipient, m.event_type, m.body::json, m.key, m.hash, m.order_key
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) as m(id, organization, channel, recipient, event_type, body, key, hash, order_key)
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
    public async Task AddManyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewMessage> messages,
        CancellationToken ct)
    {
        if (messages.Count == 0) return;
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var command in await CommandsAsync(connection, messages, ct)) batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The commands that add messages in their order, for a batch of the caller's, which must be one transaction.</summary>
    public async Task<IReadOnlyList<NpgsqlBatchCommand>> CommandsAsync(NpgsqlConnection connection, IReadOnlyList<NewMessage> messages,
        CancellationToken ct)
    {
        var settings = await EndpointSettings.FindAsync(connection,
            messages.Where(message => message.Channel == MessageChannel.Webhook).Select(message => message.Organization), ct);
        return
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
                    new() { Value = messages.Select(message => message.Idempotency?.Hash).ToArray(),
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                    Texts(messages.Select(message => message.OrderKey)),
                },
            },
            .. queue.Commands([.. messages.Select(message =>
                JobOf(message.Organization, new(message.Id, 1, message.Channel, message.To, message.OrderKey), settings)
                    with { Traceparent = message.Traceparent })]),
        ];
    }

    /// <summary>Queues messages that are redriven.</summary>
    public async Task EnqueueAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string organization,
        IReadOnlyList<MessageToDeliver> messages, CancellationToken ct)
    {
        var settings = await EndpointSettings.FindAsync(connection,
            messages.Where(message => message.Channel == MessageChannel.Webhook).Take(1).Select(_ => organization), ct);
        await queue.EnqueueAsync(connection, transaction, [.. messages.Select(message => JobOf(organization, message, settings))], ct);
    }

    /// <summary>An endpoint's pace has changed: messages that wait go by it from now on.</summary>
    public Task SetPaceAsync(string organization, string url, EndpointSettings settings, CancellationToken ct) =>
        queue.SetOrderWidthAsync(Key(organization, MessageChannel.Webhook, url), settings.Width, ct);

    // Messages to the same recipient go out in the order in which they were added; webhooks to one URL side by side, unless order is asked
    // for.
    private NewJob JobOf(string organization, MessageToDeliver message,
        IReadOnlyDictionary<(string Organization, string Url), EndpointSettings> settings)
    {
        var channel = known.GetValueOrDefault(message.Channel);
        var endpoint = settings.GetValueOrDefault((organization, message.To), EndpointSettings.Default);
        var job = new NewJob(DeliverMessage.Kind, new DeliverMessageArgs(message.Id, message.Generation, endpoint.Traceparent))
        {
            Organization = organization,
            OrderKey = Key(organization, message.Channel, message.To),
            Limits = channel?.LimitsOf(message.To) ?? [],
            Delay = message.Generation == 1 ? channel?.Schedule.Pauses[0] ?? TimeSpan.Zero : TimeSpan.Zero,
        };
        if (message.Channel != MessageChannel.Webhook) return job;
        if (message.OrderKey is null || endpoint.Ordered) return job with { OrderWidth = endpoint.Width };
        return job with
        {
            OrderKey = $"message:webhook:{organization}:{Hash($"{message.To}\n{message.OrderKey}")}",
            Limits = [JobLimit.AtOnce(job.OrderKey, endpoint.Concurrency)]
        };
    }

    private static string Key(string organization, string channel, string to) =>
        $"message:{channel}:{organization}:{(to.Length <= LongestOrderKey ? to : Hash(to))}";

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static NpgsqlParameter Texts(IEnumerable<string?> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}

/// <summary>A message that is to be delivered.</summary>
/// <param name="Id">The message.</param>
/// <param name="Generation">1, and one more each time that it is redriven.</param>
/// <param name="Channel">Its way out.</param>
/// <param name="To">Where it goes.</param>
/// <param name="OrderKey">Webhooks to one URL with the same key keep their order.</param>
internal sealed record MessageToDeliver(Guid Id, int Generation, string Channel, string To, string? OrderKey);
