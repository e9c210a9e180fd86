using App.Platform.Auth;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace App.Engines.Streams;

/// <summary>What a shard's consumer has done and has yet to do.</summary>
/// <param name="Shard">Number.</param>
/// <param name="Head">Offset of the last entry.</param>
/// <param name="Committed">Offset of the last entry whose effects are committed.</param>
/// <param name="Lag">Entries between.</param>
/// <param name="Owner">The worker that holds a live lease, or null.</param>
/// <param name="OldestUnreadSeconds">Age of the first entry behind committed, or null.</param>
internal sealed record ShardState(int Shard, long Head, long Committed, long Lag, string? Owner, double? OldestUnreadSeconds);

/// <summary><c>GET /api/pipeline</c>, and the entries that were set aside.</summary>
internal static class StreamEndpoints
{
    private const string StateSql = """
        select h.shard, h.head, coalesce(o.committed, 0),
               case when o.lease_expires_at > clock_timestamp() then o.owner end,
               extract(epoch from clock_timestamp() - first.appended_at)::double precision
        from stream_shards h
        left join stream_offsets o on o.stream = h.stream and o.shard = h.shard and o.consumer_group = $2
        left join lateral (
            select appended_at from stream_entries e
            where h.head > coalesce(o.committed, 0) and e.stream = h.stream and e.shard = h.shard
                and e.entry_offset > coalesce(o.committed, 0)
            order by entry_offset limit 1
        ) first on true
        where h.stream = $1 order by h.shard
        """;

    /// <summary>Maps them for a stream and its main group.</summary>
    public static void Map(IEndpointRouteBuilder routes, string stream, string group)
    {
        var pipeline = routes.MapGroup("/api/pipeline").WithTags("pipeline");
        pipeline.MapGet("", async (NpgsqlDataSource source, CancellationToken ct) =>
        {
            var shards = await ReadAsync(source, stream, group, ct);
            return TypedResults.Ok(new PipelineState(group, shards.Sum(shard => shard.Lag), shards));
        }).RequireScope(Scopes.Read)
            .Describe("getPipeline", "How far the pipeline lags",
                "Each shard of the readings' stream with what its consumer has committed and who owns it.");

        pipeline.MapGet("/dead", async (NpgsqlDataSource source, CancellationToken ct) =>
        {
            await using var command = source.CreateCommand("""
                select id, consumer_group, shard, entry_offset, error, attempts, state, set_aside_at, octet_length(payload)
                from stream_dead_entries where stream = $1 and state <> 'done' order by id limit 1000
                """);
            command.Parameters.Add(new() { Value = stream });
            await using var reader = await command.ExecuteReaderAsync(ct);
            var entries = new List<DeadEntry>();
            while (await reader.ReadAsync(ct))
                entries.Add(new DeadEntry(reader.GetInt64(0), reader.GetString(1), reader.GetInt16(2), reader.GetInt64(3),
                    reader.GetString(4),
                    reader.GetInt32(5), reader.GetString(6), reader.GetDateTime(7), reader.GetInt32(8)));
            return TypedResults.Ok(new DeadEntries(entries));
        }).RequireScope(Scopes.Admin)
            .Describe("listDeadEntries", "Entries that were set aside",
                "What a consumer could not handle after its attempts, at most 1000, the oldest first.");

        pipeline.MapPost("/dead/{id:long}/redrive", async Task<Results<Accepted<RedrivenEntry>, ProblemHttpResult>> (
            long id, NpgsqlDataSource source, CancellationToken ct) =>
        {
            await using var command =
                source.CreateCommand("update stream_dead_entries set state = 'redriving' where id = $1 and stream = $2 and state = 'dead'");
            command.Parameters.Add(new() { Value = id });
            command.Parameters.Add(new() { Value = stream });
            return await command.ExecuteNonQueryAsync(ct) == 1
                ? TypedResults.Accepted((string?)null, new RedrivenEntry(id, "redriving"))
                : Problems.NotFound("dead entry", id.ToString());
        }).RequireScope(Scopes.Admin).Refuses(404)
            .Describe("redriveDeadEntry", "Handle an entry again",
                "Its group's consumer does it beside its ordinary work; the entry goes, or stays with its new error.")
            .PathParameter("id", "Number of the entry that was set aside.");
    }

    /// <summary>How far a group is behind.</summary>
    /// <param name="Group">The consumer group.</param>
    /// <param name="Lag">Entries of all shards that it has yet to handle.</param>
    /// <param name="Shards">The shards.</param>
    internal sealed record PipelineState(string Group, long Lag, IReadOnlyList<ShardState> Shards);

    /// <summary>What was set aside.</summary>
    /// <param name="Entries">The oldest first.</param>
    internal sealed record DeadEntries(IReadOnlyList<DeadEntry> Entries);

    /// <summary>An entry that is handled again.</summary>
    /// <param name="Id">Number.</param>
    /// <param name="State">Where it is now.</param>
    internal sealed record RedrivenEntry(long Id, [OneOf("redriving")] string State);

    /// <summary>An entry that was set aside, and why.</summary>
    /// <param name="Id">Number.</param>
    /// <param name="Group">The consumer group that could not handle it.</param>
    /// <param name="Shard">Its shard.</param>
    /// <param name="Offset">Its place in the shard.</param>
    /// <param name="Error">Why.</param>
    /// <param name="Attempts">How often it was tried.</param>
    /// <param name="State">Where it is.</param>
    /// <param name="SetAsideAt">When.</param>
    /// <param name="Bytes">Size of its payload.</param>
    internal sealed record DeadEntry(
        long Id, string Group, short Shard, long Offset, string Error, int Attempts, [OneOf("dead", "redriving")] string State,
        DateTime SetAsideAt, int Bytes);

    /// <summary>State of each shard.</summary>
    public static async Task<IReadOnlyList<ShardState>> ReadAsync(NpgsqlDataSource source, string stream, string group,
        CancellationToken ct)
    {
        await using var command = source.CreateCommand(StateSql);
        command.Parameters.Add(new() { Value = stream });
        command.Parameters.Add(new() { Value = group });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var shards = new List<ShardState>();
        while (await reader.ReadAsync(ct))
        {
            var (head, committed) = (reader.GetInt64(1), reader.GetInt64(2));
            shards.Add(new ShardState(reader.GetInt16(0), head, committed, head - committed,
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.IsDBNull(4) ? null : Math.Round(Math.Max(0, reader.GetDouble(4)), 3)));
        }
        return shards;
    }
}
