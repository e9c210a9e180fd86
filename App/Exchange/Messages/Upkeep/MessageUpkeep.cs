using App.Exchange.Messages.Delivering;
using Npgsql;

namespace App.Exchange.Messages.Upkeep;

/// <summary>Deletes messages that ended long ago, and gives up those whose job has ended without them.</summary>
internal sealed class MessageUpkeep(NpgsqlDataSource source, MessageOptions options, TimeProvider time, ILogger<MessageUpkeep> log)
{
    private const int Together = 5000;

    // Ids are of version 7: they begin with the time, and the oldest come first.
    private const string PruneSql = """
        with old as (select id from messages where id < $1 and (delivered_at is not null or died_at is not null) order by id limit 5000 for update skip locked),
        records as (delete from deliveries d using old where d.message_id = old.id)
        delete from messages m using old where m.id = old.id
        """;

    private const string PruneReportsSql = "delete from catalog_reports where reported_at < $1";

    private const string AbandonSql = """
        select messages_abandon(array_agg((args::json ->> 'messageId')::uuid), array_agg((args::json ->> 'drive')::int),
            array_agg(case state when 'cancelled' then 'Its job was cancelled.' else 'Its job has died: ' || coalesce(errors -> -1 ->> 'error', '') end))
        from (select args, state, errors from jobs where finished_at is not null and finished_at > clock_timestamp() - interval '1 day' and kind = $1 order by finished_at desc limit 1000) ended
        """;

    /// <summary>One tick of pruning.</summary>
    /// <returns>How many messages were deleted.</returns>
    public async Task<long> PruneAsync(CancellationToken ct)
    {
        var all = 0L;
        await using var command = source.CreateCommand(PruneSql);
        command.Parameters.Add(new() { Value = Before(time.GetUtcNow() - options.Keep) });
        int deleted;
        do
        {
            deleted = await command.ExecuteNonQueryAsync(ct);
            all += deleted;
        }
        while (deleted >= Together);
        await using var reports = source.CreateCommand(PruneReportsSql);
        reports.Parameters.Add(new() { Value = (time.GetUtcNow() - options.Keep).UtcDateTime });
        await reports.ExecuteNonQueryAsync(ct);
        if (all > 0) log.LogInformation("Pruned {Count} messages", all);
        return all;
    }

    /// <summary>One tick of giving up.</summary>
    /// <returns>How many messages were given up.</returns>
    public async Task<int> AbandonAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand(AbandonSql);
        command.Parameters.Add(new() { Value = DeliverMessage.Kind });
        var abandoned = await command.ExecuteScalarAsync(ct) is int count ? count : 0;
        if (abandoned > 0) log.LogWarning("Gave up {Count} messages whose jobs were cancelled or have died", abandoned);
        return abandoned;
    }

    // Every id of version 7 that was made then or later is greater.
    private static Guid Before(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        var ms = at.ToUnixTimeMilliseconds();
        for (var i = 5; i >= 0; i--, ms >>= 8) bytes[i] = (byte)ms;
        return new Guid(bytes, bigEndian: true);
    }
}
