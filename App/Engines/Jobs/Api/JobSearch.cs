using App.Platform.Database;
using Npgsql;

namespace App.Engines.Jobs.Api;

/// <summary>
/// Finds jobs, the newest first, among however many there are. It goes through ids slice by slice, so that what it costs
/// is bounded by time and not by the rarity of what is sought: an index for every question would cost each claim and each
/// end of a job more than all searches together.
/// </summary>
internal sealed class JobSearch(Postgres postgres, TimeProvider time)
{
    private const long FirstWidth = 20_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(500);

    /// <summary>A part of what was sought.</summary>
    /// <param name="Jobs">The newest first.</param>
    /// <param name="Next">Only jobs with lower ids are left to be looked at; null: none.</param>
    internal sealed record Page(IReadOnlyList<JobRow> Jobs, long? Next);

    /// <summary>Looks until so many are found, none are left, or it has taken long enough.</summary>
    /// <param name="filter">What is sought.</param>
    /// <param name="below">Only jobs with lower ids.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<Page> FindAsync(JobFilter filter, long? below, int limit, CancellationToken ct)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        var (low, high) = await BoundsAsync(connection, filter, ct);
        if (below < high) high = below.Value;
        var found = new List<JobRow>();
        var width = FirstWidth;
        var began = time.GetTimestamp();
        while (high > low && found.Count < limit && time.GetElapsedTime(began) < Patience)
        {
            var from = Math.Max(low, high - width);
            var slice = time.GetTimestamp();
            var rows = await SliceAsync(connection, filter, from, high, limit - found.Count, ct);
            found.AddRange(rows);
            high = found.Count == limit ? found[^1].Id : from;
            var took = time.GetElapsedTime(slice);
            if (took < Short) width *= 2;
            else if (took > Long) width = Math.Max(1000, width / 2);
        }
        return new Page(found, high > low ? high : null);
    }

    // The ids that there are: the first, and one above the last.
    private static async Task<(long Low, long High)> BoundsAsync(NpgsqlConnection connection, JobFilter filter, CancellationToken ct)
    {
        if (filter.Id is { } id) return (id, id < long.MaxValue ? id + 1 : id);
        await using var command = new NpgsqlCommand("""
            select coalesce(least((select min(id) from jobs where $1), (select min(id) from job_done where $2)), 0),
                coalesce(greatest((select max(id) from jobs where $1), (select max(id) from job_done where $2)) + 1, 0)
            """, connection)
        {
            Parameters = { new() { Value = filter.MayBeLive }, new() { Value = filter.MayHaveSucceeded } },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static async Task<List<JobRow>> SliceAsync(NpgsqlConnection connection, JobFilter filter, long from, long to, int limit,
        CancellationToken ct)
    {
        await using var command = new NpgsqlCommand
        {
            Connection = connection,
            Parameters = { new() { Value = from }, new() { Value = to }, new() { Value = limit } }
        };
        var parts = new List<string>();
        if (filter.MayBeLive)
            parts.Add(
                $"(select {JobRow.Live} from jobs where id >= $1 and id < $2{filter.Where(command, live: true)} order by id desc "
                + "limit $3)");
        if (filter.MayHaveSucceeded)
            parts.Add(
                $"(select {JobRow.Done} from job_done where id >= $1 and id < $2{filter.Where(command, live: false)} order by id desc "
                + "limit $3)");
        if (parts.Count == 0) return [];
        command.CommandText = $"select * from ({string.Join(" union all ", parts)}) j order by id desc limit $3";
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<JobRow>();
        while (await reader.ReadAsync(ct)) rows.Add(JobRow.Read(reader));
        return rows;
    }
}
