using App.Engines.Jobs;
using App.Exchange.Messages.Delivering;
using Npgsql;

namespace App.Exchange.Messages.Upkeep;

/// <summary>Deletes messages that ended long ago, and gives up those whose job has ended without them.</summary>
internal sealed class MessageUpkeep(NpgsqlDataSource source, JobQueue queue, MessageOptions options, TimeProvider time,
    ILogger<MessageUpkeep> log)
{
    private const int Together = 5000;
    private const int MostEnded = 1000;

    // Ids are of version 7: they begin with the time, and the oldest come first.
    private const string PruneSql = """
        with old as (select id from messages where id < $1 and (delivered_at is not null or died_at is not null) order by id limit 5000
            for update skip locked),
        records as (delete from deliveries d using old where d.message_id = old.id)
        delete from messages m using old where m.id = old.id
        """;

    private const string PruneReportsSql = "delete from catalog_reports where reported_at < $1";

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
        var ended = (await queue.EndedAsync(DeliverMessage.Kind, MostEnded, ct)).Select(job => (Message: job.As<DeliverMessageArgs>(),
            Reason: job.IsCancelled ? "Its job was cancelled." : $"Its job has died: {job.Error}")).ToList();
        if (ended.Count == 0) return 0;
        await using var command = source.CreateCommand("select messages_abandon($1, $2, $3)");
        command.Parameters.Add(new() { Value = ended.Select(one => one.Message.MessageId).ToArray() });
        command.Parameters.Add(new() { Value = ended.Select(one => one.Message.Generation).ToArray() });
        command.Parameters.Add(new() { Value = ended.Select(one => one.Reason).ToArray() });
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
