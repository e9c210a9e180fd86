using System.Text.Json;
using App.Platform.Database;
using Npgsql;

namespace App.Engines.Jobs.Api;

/// <summary>Reads all that is known of one job, and deletes it.</summary>
internal sealed class JobReader(Postgres postgres)
{
    private const int MostHolders = 20;

    /// <summary>The job; null when there is none, or when it is of another organization than the one given.</summary>
    public async Task<JobDetails?> ReadAsync(long id, string? organization, CancellationToken ct)
    {
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand($"""
            select * from (
                select {JobRow.Live}, args as all_args, null as result, errors::text, unique_key, order_key, limits::text, crashes::int
                    from jobs where id = $1
                union all
                select {JobRow.Done}, args, result, errors::text, null, null, null, 0 from job_done where id = $1) j
            where $2::text is null or organization = $2
            """, connection)
        {
            Parameters = { new() { Value = id },
                new() { Value = (object?)organization ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } },
        };
        JobDetails job;
        await using (var row = await command.ExecuteReaderAsync(ct))
        {
            if (!await row.ReadAsync(ct)) return null;
            job = new JobDetails(JobRow.Read(row))
            {
                Args = Json(row.GetString(19)),
                Result = row[20] is string result ? Json(result) : null,
                Errors = row[21] is string errors ? JsonSerializer.Deserialize<List<JobError>>(errors, JobRegistration.Json)! : [],
                UniqueKey = row[22] as string,
                OrderKey = row[23] as string,
                Limits = row[24] is string limits ? Json(limits) : null,
                Crashes = row.GetInt32(25),
            };
        }
        return await WithSurroundingsAsync(connection, job, ct);
    }

    /// <summary>Deletes a job that has ended, with its log and its unique key.</summary>
    /// <returns>False: it has not ended, or there is none.</returns>
    public async Task<bool> DeleteAsync(long id, CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("""
            with live as (delete from jobs where id = $1 and finished_at is not null returning id),
                done as (delete from job_done where id = $1 returning id),
                gone as (select id from live union all select id from done),
                log as (delete from job_log l using gone where l.job_id = gone.id),
                keys as (delete from job_uniques u using gone where u.job_id = gone.id)
            select exists (select from gone)
            """);
        command.Parameters.Add(new() { Value = id });
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<JobDetails> WithSurroundingsAsync(NpgsqlConnection connection, JobDetails job, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("select at, attempt, line from job_log where job_id = $1 order by at, attempt") { Parameters =
                    { new() { Value = job.Id } } },
                new("select process, lease_expires_at from job_workers where id = $1") { Parameters =
                    { new() { Value = job.Worker ?? 0L } } },
                new("""
                    select job_id from job_holds where key = substr($1, 7) and $1 like 'limit:%'
                    union all
                    select j.id from jobs j where j.order_key = substr($1, 7) and $1 like 'order:%' and j.order_key is not null
                        and j.finished_at is null and j.id < $2
                    order by 1 limit $3
                    """)
                {
                    Parameters = { new() { Value = job.WaitsFor ?? "" }, new() { Value = job.Id }, new() { Value = MostHolders } },
                },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(ct);
        var log = new List<JobLine>();
        while (await reader.ReadAsync(ct)) log.Add(new(reader.GetDateTime(0), reader.GetInt32(1), reader.GetString(2)));
        await reader.NextResultAsync(ct);
        job = job with { Log = log };
        if (await reader.ReadAsync(ct)) job = job with { Process = reader.GetString(0), LeaseExpiresAt = reader.GetDateTime(1) };
        await reader.NextResultAsync(ct);
        var holders = new List<long>();
        while (await reader.ReadAsync(ct)) holders.Add(reader.GetInt64(0));
        return job with { WaitsForJobs = holders };
    }

    // Arguments are JSON unless somebody wrote them past the queue.
    private static JsonElement Json(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text);
        }
    }
}
