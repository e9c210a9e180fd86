using System.Diagnostics;
using App.Platform.Observability;

namespace App.Engines.Jobs;

/// <summary>
/// The trace of a job: its arguments carry the context of whoever enqueued it as one more member, which handlers do not
/// see. So it is stored, copied and retried with them, and a version that does not know it is not disturbed.
/// </summary>
internal static class JobTrace
{
    private const string Member = "\"traceparent\":\"";
    private const int Length = 55;

    // Longer ones are near the limit of what is stored.
    private const int MostCarrying = 65_536;

    private static readonly ActivitySource Source = new("Tandem.Jobs");

    /// <summary>Whether anybody listens.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>Arguments that carry a context; as they are where there is none, or where they are no JSON object.</summary>
    public static string Carry(string args, string? traceparent) =>
        traceparent is null || args.Length > MostCarrying || args is not ['{', .., '}']
            ? args : $"{args[..^1]}{(args.Length > 2 ? "," : "")}{Member}{traceparent}\"}}";

    /// <summary>Begins the activity of an attempt; null: nobody traces it.</summary>
    public static Activity? Begin(ClaimedJob job) =>
        TraceContext.Begin(Source, "job " + job.Kind, [Carried(job.Args)])?
            .SetTag("tandem.job.id", job.Id).SetTag("tandem.job.attempt", job.Attempt).SetTag("tandem.organization", job.Organization);

    /// <summary>Says how an attempt ended.</summary>
    public static void End(Activity? activity, JobOutcome outcome)
    {
        if (activity is null) return;
        var error = outcome switch
        {
            JobOutcome.Failed failed => failed.Error,
            JobOutcome.Died died => died.Error,
            _ => null,
        };
        if (error is not null) activity.SetStatus(ActivityStatusCode.Error, StoredText.Cut(error, 500));
        activity.Dispose();
    }

    private static string? Carried(string args)
    {
        var at = args.LastIndexOf(Member, StringComparison.Ordinal);
        return at >= 0 && args.Length >= at + Member.Length + Length ? args.Substring(at + Member.Length, Length) : null;
    }
}
