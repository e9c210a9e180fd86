using App.Engines.Streams;
using Npgsql;

namespace App.Energy.Readings.Ingest;

/// <summary>Gives series their keys: finds their buildings and meters, or makes them at their first reading.</summary>
internal sealed class SeriesResolver(NpgsqlDataSource source, SeriesNames names, StreamOptions options)
{
    // Rows are made in the order of their names, so that two processes that meet new buildings at once do not deadlock.
    private const string BuildingsSql = """
        insert into buildings (organization, building_id, shard)
        select distinct on (1, 2) n.organization, n.building_id, n.shard from unnest($1, $2, $4) as n(organization, building_id, shard)
            order by 1, 2
        on conflict do nothing
        """;

    private const string MetersSql = """
        insert into meters (building_key, meter)
        select b.key, n.meter from unnest($1, $2, $3) as n(organization, building_id, meter)
        join buildings b on b.organization = n.organization and b.building_id = n.building_id order by 1, 2
        on conflict do nothing
        """;

    private const string FindSql = """
        select n.ordinal, b.key, b.shard, m.key, m.net_negative
        from unnest($1, $2, $3) with ordinality as n(organization, building_id, meter, ordinal)
        join buildings b on b.organization = n.organization and b.building_id = n.building_id
        join meters m on m.building_key = b.key and m.meter = n.meter
        """;

    /// <summary>Resolves series that have no keys yet; afterwards requests find them by name.</summary>
    public async Task ResolveAsync(IReadOnlyList<Series> unknown, CancellationToken ct)
    {
        var organizations = unknown.Select(series => series.Organization).ToArray();
        var buildings = unknown.Select(series => series.BuildingId).ToArray();
        var meters = unknown.Select(series => series.Meter).ToArray();
        var shards = unknown.Select(series => ShardHash.Of(series.Organization, series.BuildingId, options.Shards)).ToArray();

        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(Command(BuildingsSql, organizations, buildings, meters, shards));
        batch.BatchCommands.Add(Command(MetersSql, organizations, buildings, meters));
        batch.BatchCommands.Add(Command(FindSql, organizations, buildings, meters));
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var series = unknown[(int)reader.GetInt64(0) - 1];
            series.BuildingKey = reader.GetInt32(1);
            series.Shard = reader.GetInt16(2);
            series.NetNegative = reader.GetBoolean(4);
            // Last, since a key is what tells a resolved series.
            series.MeterKey = reader.GetInt32(3);
        }
        foreach (var series in unknown) names.Of(series.Organization).Keep(series);
    }

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<Array> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        return command;
    }
}
