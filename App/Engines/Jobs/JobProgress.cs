using System.Collections.Concurrent;
using App.Platform.Database;
using Npgsql;
using NpgsqlTypes;

namespace App.Engines.Jobs;

/// <summary>Gathers what running jobs say of themselves, and writes it with the worker's heartbeat.</summary>
internal sealed class JobProgress(Postgres postgres, TimeProvider time)
{
    private const int LongestText = 200;
    private const int LongestLine = 2000;
    private const int MostLines = 500;
    private const int MostWaiting = 10_000;

    private readonly ConcurrentDictionary<long, (float Share, string Text)> shares = [];
    private readonly ConcurrentQueue<(long Job, int Attempt, DateTime At, string Line)> lines = [];

    /// <summary>How far a job is; the last word counts.</summary>
    public void Report(long job, double share, string text) =>
        shares[job] = ((float)Math.Clamp(double.IsNaN(share) ? 0 : share, 0, 1), StoredText.Cut(text, LongestText));

    /// <summary>A line of a job's log. When jobs log faster than can be written, the newest lines are left out.</summary>
    public void Log(long job, int attempt, string line)
    {
        if (lines.Count < MostWaiting) lines.Enqueue((job, attempt, time.GetUtcNow().UtcDateTime, StoredText.Cut(line, LongestLine)));
    }

    /// <summary>Writes what has gathered.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        if (shares.IsEmpty && lines.IsEmpty) return;
        await using var connection = await postgres.Source.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        var said = shares.ToArray();
        if (said.Length > 0)
            batch.BatchCommands.Add(
                new("update jobs j set progress = p.share, progress_text = p.text from unnest($1, $2, $3) as p(id, share, text) "
                    + "where j.id = p.id and j.state = 'running'")
                {
                    Parameters =
                {
                    new() { Value = said.Select(p => p.Key).ToArray() },
                    new() { Value = said.Select(p => p.Value.Share).ToArray() },
                    new() { Value = said.Select(p => p.Value.Text).ToArray() },
                },
                });
        var logged = new List<(long Job, int Attempt, DateTime At, string Line)>();
        while (lines.TryDequeue(out var line)) logged.Add(line);
        if (logged.Count > 0)
            batch.BatchCommands.Add(new("""
                insert into job_log (job_id, attempt, at, line)
                select l.job_id, l.attempt, l.at, l.line
                from (select *, row_number() over (partition by job_id order by n) as nth
                    from unnest($1, $2, $3, $4) with ordinality as u(job_id, attempt, at, line, n)) l
                where (select count(*) from job_log k where k.job_id = l.job_id) + l.nth <= $5
                order by l.n
                """)
            {
                Parameters =
                {
                    new() { Value = logged.ConvertAll(l => l.Job).ToArray() },
                    new() { Value = logged.ConvertAll(l => l.Attempt).ToArray() },
                    new() { Value = logged.ConvertAll(l => l.At).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
                    new() { Value = logged.ConvertAll(l => l.Line).ToArray() },
                    new() { Value = MostLines },
                },
            });
        await batch.ExecuteNonQueryAsync(ct);
        // Said again meanwhile: written the next time.
        foreach (var one in said) shares.TryRemove(one);
    }
}
