using System.Text.Json;
using App.Platform.Http;
using Npgsql;

namespace App.Engines.Jobs.Api;

/// <summary>A job in a list.</summary>
/// <param name="Id">Number.</param>
/// <param name="State">scheduled, queued, waiting, running, succeeded, cancelled, dead.</param>
/// <param name="Kind">Kind.</param>
/// <param name="Queue">Queue.</param>
/// <param name="Organization">Whose; empty for the product's own work.</param>
/// <param name="Priority">Lower runs sooner.</param>
/// <param name="Attempt">Attempts begun.</param>
/// <param name="MaxAttempts">Attempts that it has.</param>
/// <param name="CreatedAt">When it was enqueued.</param>
/// <param name="RunAt">When it is due, or was.</param>
/// <param name="StartedAt">When its last attempt was claimed.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="Worker">Number of the worker that holds it, or on which it succeeded.</param>
/// <param name="Progress">0 to 1, as its handler says.</param>
/// <param name="ProgressText">What its handler says.</param>
/// <param name="WaitsFor">The limit or order that it waits for.</param>
/// <param name="CancelRequested">Whether it runs and has been told to stop.</param>
/// <param name="Error">The beginning of its last error.</param>
/// <param name="Args">The beginning of its arguments, as JSON.</param>
internal record JobRow(
    long Id, [OneOf(typeof(JobFilter), nameof(JobFilter.States))] string State, string Kind, string Queue, string Organization,
    int Priority, int Attempt, int MaxAttempts, DateTime CreatedAt, DateTime? RunAt,
    DateTime? StartedAt, DateTime? FinishedAt, long? Worker, float? Progress, string? ProgressText, string? WaitsFor, bool CancelRequested,
    string? Error, string Args)
{
    private const string Both = "kind, queue, organization, priority, attempt, max_attempts, created_at";
    private const string Excerpts = "left(errors->-1->>'error', 300) as error, left(args, 300) as args";

    /// <summary>The columns of the table of jobs, in the order of the record.</summary>
    public const string Live =
        $"id, state, {Both}, run_at, started_at, finished_at, worker, progress, progress_text, waits_for, cancel_requested, {Excerpts}";

    /// <summary>The same of those that succeeded.</summary>
    public const string Done =
        $"id, 'succeeded', {Both}, null::timestamptz, started_at, finished_at, worker, null::real, null::text, null::text, false, "
        + $"{Excerpts}";

    /// <summary>Reads the columns.</summary>
    public static JobRow Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt16(5), row.GetInt32(6),
        row.GetInt32(7), row.GetDateTime(8),
        Or<DateTime>(row, 9), Or<DateTime>(row, 10), Or<DateTime>(row, 11), Or<long>(row, 12), Or<float>(row, 13), row[14] as string,
        row[15] as string, row.GetBoolean(16),
        row[17] as string, row.GetString(18));

    private static T? Or<T>(NpgsqlDataReader row, int column) where T : struct =>
        row.IsDBNull(column) ? null : row.GetFieldValue<T>(column);
}

/// <summary>All that is known of one job.</summary>
internal sealed record JobDetails : JobRow
{
    /// <summary>A job of a list, of which more will be said.</summary>
    public JobDetails(JobRow row) : base(row) { }

    /// <summary>Its arguments.</summary>
    public new required JsonElement Args { get; init; }

    /// <summary>What it answered.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>Its last errors, at most twenty, the oldest first.</summary>
    public required IReadOnlyList<JobError> Errors { get; init; }

    /// <summary>Its lines, the oldest first.</summary>
    public IReadOnlyList<JobLine> Log { get; init; } = [];

    /// <summary>While it lives, no other with this key is added.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Jobs with this key run one after the other.</summary>
    public string? OrderKey { get; init; }

    /// <summary>What it shares with others.</summary>
    public JsonElement? Limits { get; init; }

    /// <summary>Workers that died while they held it.</summary>
    public int Crashes { get; init; }

    /// <summary>The process of its worker, while that lives.</summary>
    public string? Process { get; init; }

    /// <summary>When others may take it from its worker, unless that is heard of again.</summary>
    public DateTime? LeaseExpiresAt { get; init; }

    /// <summary>Jobs that hold what it waits for, some of them.</summary>
    public IReadOnlyList<long> WaitsForJobs { get; init; } = [];
}

/// <summary>How an attempt failed.</summary>
/// <param name="Attempt">Number, from 1.</param>
/// <param name="At">When.</param>
/// <param name="Worker">On which worker; null when no worker had it.</param>
/// <param name="Error">What the handler said or threw.</param>
internal sealed record JobError(int Attempt, DateTimeOffset At, long? Worker, string Error);

/// <summary>A line of a job's log.</summary>
/// <param name="At">When it was written.</param>
/// <param name="Attempt">In which attempt.</param>
/// <param name="Line">Text.</param>
internal sealed record JobLine(DateTime At, int Attempt, string Line);
