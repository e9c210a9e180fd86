using System.Diagnostics.Metrics;

namespace App.Engines.Jobs;

/// <summary>What <c>/metrics</c> says of attempts of jobs in this process.</summary>
internal sealed class JobMetrics
{
    /// <summary>Name of the slice's meter.</summary>
    public const string MeterName = "Tandem.Jobs";

    private readonly Counter<long> ended;
    private readonly Histogram<double> seconds;

    /// <summary>Counts from zero.</summary>
    public JobMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        ended = meter.CreateCounter<long>("tandem_jobs_ended_total", "{attempt}", "Attempts of jobs by outcome.");
        seconds = meter.CreateHistogram<double>("tandem_job_seconds", "s", "Duration of an attempt of a job.");
    }

    /// <summary>A handler has ended an attempt.</summary>
    public void Ran(string kind, TimeSpan took) => seconds.Record(took.TotalSeconds, new KeyValuePair<string, object?>("kind", kind));

    /// <summary>The end of an attempt is written.</summary>
    public void Ended(string kind, string outcome) => ended.Add(1, new("kind", kind), new("outcome", outcome));
}
