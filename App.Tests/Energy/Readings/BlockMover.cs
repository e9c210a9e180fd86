using App.Energy.Readings;
using App.Engines.Streams;
using Npgsql;

namespace App.Tests.Energy.Readings;

/// <summary>Moves what is in the stream into blocks, as the worker does: effects and offsets in one transaction.</summary>
internal static class BlockMover
{
    /// <summary>Moves everything.</summary>
    public static async Task RunAsync(NpgsqlDataSource source, int atOnce = 512)
    {
        var writer = new BlockWriter(source, null);
        while (await NextAsync(source, atOnce) is { Count: > 0 } entries)
        {
            var effects = await writer.HandleAsync(entries, default);
            await using var batch = source.CreateBatch();
            foreach (var effect in effects) batch.BatchCommands.Add(effect);
            foreach (var shard in entries.GroupBy(entry => entry.Shard))
                batch.BatchCommands.Add(new("""
                    insert into stream_offsets (stream, consumer_group, shard, committed) values ($1, $2, $3, $4)
                    on conflict (stream, consumer_group, shard) do update set committed = excluded.committed
                    """)
                {
                    Parameters =
                    {
                        new() { Value = ReadingStore.Stream }, new() { Value = ReadingStore.BlockGroup }, new() { Value = shard.Key },
                        new() { Value = shard.Max(entry => entry.Offset) },
                    },
                });
            await batch.ExecuteNonQueryAsync();
        }
    }

    private static async Task<List<StreamEntry>> NextAsync(NpgsqlDataSource source, int atOnce)
    {
        await using var command = source.CreateCommand("""
            select e.shard, e.entry_offset, e.appended_at, e.payload from stream_entries e
            left join stream_offsets o on o.stream = e.stream and o.shard = e.shard and o.consumer_group = $2
            where e.stream = $1 and e.entry_offset > coalesce(o.committed, 0) order by e.shard, e.entry_offset limit $3
            """);
        command.Parameters.Add(new() { Value = ReadingStore.Stream });
        command.Parameters.Add(new() { Value = ReadingStore.BlockGroup });
        command.Parameters.Add(new() { Value = atOnce });
        await using var reader = await command.ExecuteReaderAsync();
        var entries = new List<StreamEntry>();
        while (await reader.ReadAsync())
            entries.Add(new StreamEntry(reader.GetInt16(0), reader.GetInt64(1), reader.GetDateTime(2), reader.GetFieldValue<byte[]>(3)));
        return entries;
    }
}
