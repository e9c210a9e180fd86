using App.Platform.Database;
using App.Platform.Leases;
using Npgsql;

namespace App.Exchange.Webhooks;

/// <summary>
/// Deletes events that are older than they are kept, a little at a time; what was set aside is kept as long as anything else.
/// </summary>
internal sealed class WebhookPruning(Postgres postgres, WebhookOptions options, ILogger<WebhookPruning> log)
{
    private const int Together = 1000;

    private const string Sql = """
        delete from webhook_events where id = any(array(
            select id from webhook_events where received_at < clock_timestamp() - $1 and state <> 'received' order by received_at limit $2
                for update skip locked))
        """;

    /// <summary>One tick; each commit is the leader's.</summary>
    public async Task<int> RunOnceAsync(Fence fence, CancellationToken ct)
    {
        var (all, deleted) = (0, Together);
        while (deleted == Together)
        {
            await using var connection = await postgres.Source.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await using (var command = new NpgsqlCommand(Sql, connection,
                transaction)
            { Parameters = { new() { Value = options.Retention }, new() { Value = Together } } })
                deleted = await command.ExecuteNonQueryAsync(ct);
            await fence.CheckAsync(transaction, ct);
            await transaction.CommitAsync(ct);
            all += deleted;
        }
        if (all > 0) log.LogInformation("Pruned {Count} webhook events", all);
        return all;
    }
}
