using App.Platform.Database;
using App.Platform.Serving;

namespace App.Engines.Jobs;

/// <summary>Queues jobs whose time has come, and frees those of workers that died. Every worker does so; none must.</summary>
internal sealed class JobStager(Postgres postgres, JobOptions options, TimeProvider time, ILogger<JobStager> log)
    : Loop("Staging jobs", time, log)
{
    private const int Most = 1000;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(20);
    private readonly Signal soon = new();
    private long rescued = long.MinValue;

    /// <summary>Something has been scheduled here, perhaps for sooner than the next look.</summary>
    public void LookSoon() => soon.Pulse();

    /// <summary>One look.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        var next = soon.Next;
        // Finished once begun: it is one short statement.
        return new(await StageAsync(CancellationToken.None), next);
    }

    private async Task<TimeSpan> StageAsync(CancellationToken ct)
    {
        if (rescued == long.MinValue || Time.GetElapsedTime(rescued) >= options.Tick)
        {
            rescued = Time.GetTimestamp();
            await RescueAsync(ct);
        }
        await using var command = postgres.Source.CreateCommand("select staged, due_in from jobs_stage($1)");
        command.Parameters.Add(new() { Value = Most });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        if (reader.GetInt32(0) >= Most || reader.IsDBNull(1)) return reader.IsDBNull(1) ? options.Tick : Shortest;
        var due = reader.GetTimeSpan(1);
        return due < Shortest ? Shortest : due < options.Tick ? due : options.Tick;
    }

    private async Task RescueAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand("select worker, process, freed, set_aside from jobs_rescue()");
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            Log.LogWarning("Freed {Count} jobs of worker {Worker} ({Process}), whose lease has ended; set aside {Dead}",
                reader.GetInt32(2), reader.GetInt64(0), reader.GetString(1), reader.GetInt32(3));
    }
}
