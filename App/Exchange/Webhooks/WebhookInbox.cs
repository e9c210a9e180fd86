using System.Security.Cryptography;
using System.Text.Json;
using App.Engines.Jobs;
using App.Platform.Database;
using Npgsql;
using NpgsqlTypes;

namespace App.Exchange.Webhooks;

/// <summary>
/// Stores genuine events as they came, each once, with the job that processes it: one commit, after which the provider is answered.
/// </summary>
internal sealed class WebhookInbox(Postgres postgres, JobQueue queue)
{
    private const int LongestKey = 250;
    private const int LongestType = 100;
    private static readonly string[] Kept = ["Content-Type", "User-Agent"];

    // Whoever comes second at the same time waits for the first's commit, and then finds it there.
    private const string StoreSql = """
        insert into webhook_events as e (provider, dedupe_key, type, state, body, headers, error) values ($1, $2, $3, $4, $5, $6::json, $7)
        on conflict (provider, dedupe_key) do update set repeats = e.repeats + 1
        returning id, repeats = 0
        """;

    private const string ReplaySql = "update webhook_events set state = 'received', error = null where id = $1 returning provider";

    /// <summary>Stores an event.</summary>
    /// <returns>What became of it: stored, repeated or unreadable.</returns>
    public async Task<string> StoreAsync(IWebhookProvider provider, byte[] body, IHeaderDictionary headers, CancellationToken ct)
    {
        var (label, error) = Read(provider, body);
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var (id, isNew) = await InsertAsync(connection, transaction, provider, label, error, body, headers, ct);
        if (isNew && error is null) await queue.EnqueueAsync(connection, transaction, [JobOf(id)], ct);
        await transaction.CommitAsync(ct);
        return error is not null ? "unreadable" : isNew ? "stored" : "repeated";
    }

    /// <summary>Has a stored event processed again.</summary>
    /// <returns>The job; null: there is no such event.</returns>
    public async Task<long?> ReplayAsync(long id, CancellationToken ct)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var command = new NpgsqlCommand(ReplaySql, connection, transaction) { Parameters = { new() { Value = id } } })
            if (await command.ExecuteScalarAsync(ct) is null) return null;
        var added = await queue.EnqueueAsync(connection, transaction, [JobOf(id)], ct);
        await transaction.CommitAsync(ct);
        // One that waits for its next attempt need not wait any longer.
        if (!added[0].Added) await queue.RedriveAsync([added[0].Id], ct);
        return added[0].Id;
    }

    /// <summary>What a body says; where it says nothing, an error.</summary>
    public static (EventLabel Label, string? Error) Read(IWebhookProvider provider, byte[] body)
    {
        try
        {
            var payload = JsonElement.Parse(body);
            return payload.ValueKind == JsonValueKind.Object ? (provider.LabelOf(payload), null) : (default, "It is JSON, but no object.");
        }
        catch (JsonException e)
        {
            return (default, $"It is no JSON: {e.Message}");
        }
    }

    private static NewJob JobOf(long id) => new(ProcessWebhook.Kind.Name, new ProcessWebhookArgs(id)) { UniqueKey = $"webhook:{id}" };

    private static async Task<(long Id, bool IsNew)> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IWebhookProvider provider, EventLabel label, string? error, byte[] body,
        IHeaderDictionary headers, CancellationToken ct)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        await using var command = new NpgsqlCommand(StoreSql, connection, transaction)
        {
            Parameters =
            {
                new() { Value = provider.Name },
                new() { Value = label.Key is { Length: > 0 and <= LongestKey } key ? key : $"sha256:{hash}" },
                new() { Value = StoredText.Cut(label.Type ?? "", LongestType) },
                new() { Value = error is null ? WebhookEvent.Received : WebhookEvent.Unreadable },
                new() { Value = body },
                new() { Value = JsonSerializer.Serialize(
                    Kept.Append(provider.SignatureHeader)
                        .Where(headers.ContainsKey).ToDictionary(name => name, name => StoredText.Cut(headers[name].ToString(), 500))) },
                new() { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return (reader.GetInt64(0), reader.GetBoolean(1));
    }
}
