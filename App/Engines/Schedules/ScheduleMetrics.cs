using System.Diagnostics.Metrics;

namespace App.Engines.Schedules;

/// <summary>What <c>/metrics</c> says of schedules.</summary>
internal sealed class ScheduleMetrics(IMeterFactory meters)
{
    private readonly Counter<long> fires = meters.Create("Tandem.Schedules")
        .CreateCounter<long>("tandem_schedule_fires_total", "{fire}", "Fires of schedules.");

    /// <summary>A schedule has fired, or was skipped.</summary>
    public void Fired(string key, string reason) => fires.Add(1, new("key", key), new("reason", reason));
}
