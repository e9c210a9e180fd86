using Npgsql;
using NpgsqlTypes;

namespace App.Engines.Models.Shadow;

/// <summary>Reads and writes what candidates have come to. At most one runs beside each model: the schema sees to it.</summary>
internal sealed class ShadowRegistry(NpgsqlDataSource source)
{
    private const string Select = """
        select s.id, s.name, s.candidate_id, s.active_id, c.version, a.version, s.started_at, s.ended_at,
               s.compared, s.agreed, s.failed, s.candidate_seconds, s.active_seconds, s.compared_at, s.fault
        from model_shadows s join model_versions c on c.id = s.candidate_id join model_versions a on a.id = s.active_id
        """;

    private const string AddSql = """
        with told as (
            update model_shadows
            set compared = compared + $2, agreed = agreed + $3, failed = failed + $4, candidate_seconds = candidate_seconds + $5,
                active_seconds = active_seconds + $6, compared_at = now(), fault = coalesce($7, fault)
            where id = $1
            returning id)
        insert into model_shadow_disagreements as d (shadow_id, active_says, candidate_says, count)
        select told.id, n.active_says, n.candidate_says, n.count from told, unnest($8, $9, $10) as n(active_says, candidate_says, count)
        on conflict (shadow_id, active_says, candidate_says) do update set count = d.count + excluded.count
        """;

    /// <summary>Those that run.</summary>
    public Task<IReadOnlyList<ShadowRow>> RunningAsync(CancellationToken ct) => ReadAsync($"{Select} where s.ended_at is null", ct);

    /// <summary>The newest of a name, newest first.</summary>
    public Task<IReadOnlyList<ShadowRow>> OfNameAsync(string name, int limit, CancellationToken ct) =>
        ReadAsync($"{Select} where s.name = $1 order by s.id desc limit $2", ct, name, limit);

    /// <summary>The newest of each of some candidates.</summary>
    public Task<IReadOnlyList<ShadowRow>> NewestOfAsync(IEnumerable<int> candidates, CancellationToken ct) =>
        ReadAsync($"{Select} where s.id in (select max(id) from model_shadows where candidate_id = any($1) group by candidate_id)", ct,
            candidates.ToArray());

    /// <summary>
    /// Starts one beside the active version, in place of any other of the name; the one that runs already stays. Null where no version is
    /// active.
    /// </summary>
    public async Task<ShadowRow?> StartAsync(ModelVersion candidate, CancellationToken ct)
    {
        await using var change = await ModelChange.BeginAsync(source, candidate.Name, ct);
        await change.StartShadowAsync(candidate.Id, ct);
        await change.CommitAsync(ct);
        return (await NewestOfAsync([candidate.Id], ct)).FirstOrDefault(row => row.EndedAt is null);
    }

    /// <summary>Ends the one of a candidate, if it runs.</summary>
    public async Task EndAsync(ModelVersion candidate, CancellationToken ct)
    {
        await using var change = await ModelChange.BeginAsync(source, candidate.Name, ct);
        await change.EndShadowAsync(candidate.Id, ct);
        await change.CommitAsync(ct);
    }

    /// <summary>Adds what a process has compared.</summary>
    public async Task AddAsync(int id, ShadowTally tally, CancellationToken ct)
    {
        var pairs = tally.Disagreements.ToList();
        await using var command = source.CreateCommand(AddSql);
        foreach (object value in (object[])[id, (long)tally.Compared, (long)tally.Agreed, (long)tally.Failed, tally.CandidateSeconds,
            tally.ActiveSeconds])
            command.Parameters.Add(new() { Value = value });
        command.Parameters.Add(new() { Value = (object?)tally.Fault ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = pairs.ConvertAll(pair => pair.Key.Active).ToArray() });
        command.Parameters.Add(new() { Value = pairs.ConvertAll(pair => pair.Key.Candidate).ToArray() });
        command.Parameters.Add(new() { Value = pairs.ConvertAll(pair => (long)pair.Value).ToArray() });
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>The commonest disagreements of some shadows.</summary>
    public async Task<ILookup<int, ShadowDisagreement>> DisagreementsAsync(IEnumerable<int> shadows, int most, CancellationToken ct)
    {
        await using var command = source.CreateCommand("""
            select shadow_id, active_says, candidate_says, count
            from (select *, row_number() over (partition by shadow_id order by count desc, active_says, candidate_says) as place
                  from model_shadow_disagreements where shadow_id = any($1)) d
            where place <= $2 order by shadow_id, place
            """);
        command.Parameters.Add(new() { Value = shadows.ToArray() });
        command.Parameters.Add(new() { Value = most });
        var found = new List<(int Shadow, ShadowDisagreement Disagreement)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            found.Add((reader.GetInt32(0), new(reader.GetString(1), reader.GetString(2), reader.GetInt64(3))));
        return found.ToLookup(row => row.Shadow, row => row.Disagreement);
    }

    private async Task<IReadOnlyList<ShadowRow>> ReadAsync(string sql, CancellationToken ct, params object[] values)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        var rows = new List<ShadowRow>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) rows.Add(Row(reader));
        return rows;
    }

    private static ShadowRow Row(NpgsqlDataReader reader) => new(
        reader.GetInt32(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetInt32(5),
        reader.GetFieldValue<DateTimeOffset>(6), reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7),
        reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10), reader.GetDouble(11), reader.GetDouble(12),
        reader.IsDBNull(13) ? null : reader.GetFieldValue<DateTimeOffset>(13), reader.IsDBNull(14) ? null : reader.GetString(14));
}
