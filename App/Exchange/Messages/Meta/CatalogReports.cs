using App.Engines.Jobs;
using App.Exchange.Messages.Delivering;
using App.Platform.Database;
using Npgsql;
using NpgsqlTypes;

namespace App.Exchange.Messages.Meta;

/// <summary>
/// Keeps what the catalog says of items. A batch is handed over first, and what came of it is asked for later, by a job
/// that is queued when its handle is known.
/// </summary>
internal sealed class CatalogReports(Postgres postgres, JobQueue queue)
{
    private const int LongestError = 1000;

    // An item that was sent again since is the later message's.
    private const string WriteSql = """
        insert into catalog_reports as r (organization, item, message_id, error)
        select $1, n.item, $2, n.error from unnest($3, $4) as n(item, error) where length(n.item) between 1 and 128
            order by n.item collate "C"
        on conflict (organization, item) do update
            set message_id = excluded.message_id, error = excluded.error, reported_at = clock_timestamp()
        where r.message_id < excluded.message_id or (r.message_id = excluded.message_id and (r.error is null or excluded.error is not null))
        """;

    // The message may have been sent before, and redriven.
    private const string ForgetSql = "delete from catalog_reports where organization = $1 and message_id = $2 and item = any($3)";

    private const string RefusedSql =
        "select item, error from catalog_reports where organization = $1 and message_id = $2 and item = any($3) and error is not null "
        + "order by item";

    /// <summary>Keeps what was refused at once, and sees to it that the rest is asked for.</summary>
    public async Task HandedOverAsync(TakenMessage message, IReadOnlySet<string> items, CatalogHandover handover, CancellationToken ct)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var forget = new NpgsqlCommand(ForgetSql, connection,
            transaction)
        { Parameters = { new() { Value = message.Organization }, new() { Value = message.Id }, Texts(items) } })
            await forget.ExecuteNonQueryAsync(ct);
        await WriteAsync(connection, transaction, message.Organization, message.Id,
            [.. handover.Refused.Select(one => (one.Item, (string?)one.Error))], ct);
        if (handover.Handle is { } handle)
            await queue.EnqueueAsync(connection, transaction,
                [new NewJob(CheckCatalogBatch.Kind.Name,
                    new CheckCatalogBatchArgs(message.Id, handle)) { Organization = message.Organization,
                        Delay = CheckCatalogBatch.FirstLook }], ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Keeps what came of a batch, in the caller's transaction.</summary>
    /// <returns>All items of the message that are refused, at once or later.</returns>
    public async Task<IReadOnlyList<CatalogRefusal>> EndedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string organization, Guid message, IReadOnlySet<string> items,
        CatalogBatch batch, CancellationToken ct)
    {
        var refused = batch.Refused.ToDictionary(one => one.Item, one => one.Error, StringComparer.Ordinal);
        // Of a batch that broke off nobody knows what was taken.
        await WriteAsync(connection, transaction, organization, message,
            [.. items.Where(item => batch.IsFinished || refused.ContainsKey(item))
                .Select(item => (item, refused.GetValueOrDefault(item)))], ct);
        await using var command = new NpgsqlCommand(RefusedSql, connection,
            transaction)
        { Parameters = { new() { Value = organization }, new() { Value = message }, Texts(items) } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) refused[reader.GetString(0)] = reader.GetString(1);
        return [.. refused.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => new CatalogRefusal(one.Key, one.Value))];
    }

    private static async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string organization, Guid message,
        IReadOnlyList<(string Item, string? Error)> items, CancellationToken ct)
    {
        if (items.Count == 0) return;
        // A statement cannot change a row twice.
        var distinct = items.GroupBy(one => StoredText.Cut(one.Item, CatalogReport.LongestItem + 1), StringComparer.Ordinal).ToList();
        await using var command = new NpgsqlCommand(WriteSql, connection, transaction)
        {
            Parameters =
            {
                new() { Value = organization }, new() { Value = message }, Texts(distinct.Select(group => group.Key)),
                Texts(distinct.Select(group => group.First().Error is { } error ? StoredText.Cut(error, LongestError) : null)),
            },
        };
        await command.ExecuteNonQueryAsync(ct);
    }

    private static NpgsqlParameter Texts(IEnumerable<string?> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
