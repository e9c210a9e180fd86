using System.Diagnostics.Metrics;

namespace App.Platform.Observability;

/// <summary>Every metric that the product records: names, units and meaning in one place.</summary>
internal static class Telemetry
{
    /// <summary>The meter that they belong to.</summary>
    public static readonly Meter Meter = new("Tandem", "1.0");

    /// <summary>Readings acknowledged (duplicates included).</summary>
    public static readonly Counter<long> ReadingsAccepted = Meter.CreateCounter<long>("tandem_readings_accepted_total", "{reading}", "Readings acknowledged.");

    /// <summary>Readings that were new or changed a stored one.</summary>
    public static readonly Counter<long> ReadingsStored = Meter.CreateCounter<long>("tandem_readings_stored_total", "{reading}", "Readings that were new or changed.");

    /// <summary>Requests refused for want of room.</summary>
    public static readonly Counter<long> IngestRefused = Meter.CreateCounter<long>("tandem_ingest_refused_total", "{request}", "Ingest requests answered 429.");

    /// <summary>Group commits.</summary>
    public static readonly Counter<long> IngestCommits = Meter.CreateCounter<long>("tandem_ingest_commits_total", "{commit}", "Group commits of readings.");

    /// <summary>From taking a group of requests to its commit.</summary>
    public static readonly Histogram<double> IngestCommitSeconds = Meter.CreateHistogram<double>("tandem_ingest_commit_seconds", "s", "Duration of a group commit.");

    /// <summary>Entries whose effects and offset are committed, by group.</summary>
    public static readonly Counter<long> StreamEntries = Meter.CreateCounter<long>("tandem_stream_entries_total", "{entry}", "Stream entries committed.");

    /// <summary>Entries set aside, by group.</summary>
    public static readonly Counter<long> StreamDead = Meter.CreateCounter<long>("tandem_stream_dead_entries_total", "{entry}", "Stream entries set aside.");

    /// <summary>From append to the commit of effects, by group.</summary>
    public static readonly Histogram<double> StreamDelaySeconds = Meter.CreateHistogram<double>("tandem_stream_delay_seconds", "s", "From append to committed effects.");

    /// <summary>Predictions written.</summary>
    public static readonly Counter<long> Predictions = Meter.CreateCounter<long>("tandem_predictions_total", "{prediction}", "Predictions written.");

    /// <summary>One batch through a model.</summary>
    public static readonly Histogram<double> InferenceSeconds = Meter.CreateHistogram<double>("tandem_inference_seconds", "s", "Duration of one batch through a model.");

    /// <summary>Windows through a model.</summary>
    public static readonly Counter<long> InferenceWindows = Meter.CreateCounter<long>("tandem_inference_windows_total", "{window}", "Windows through a model.");

    /// <summary>Attempts of jobs whose end is written, by kind and outcome.</summary>
    public static readonly Counter<long> JobsEnded = Meter.CreateCounter<long>("tandem_jobs_ended_total", "{attempt}", "Attempts of jobs by outcome.");

    /// <summary>An attempt of a job in its handler, by kind.</summary>
    public static readonly Histogram<double> JobSeconds = Meter.CreateHistogram<double>("tandem_job_seconds", "s", "Duration of an attempt of a job.");

    /// <summary>Runs that ended, by status.</summary>
    public static readonly Counter<long> RunsEnded = Meter.CreateCounter<long>("tandem_runs_ended_total", "{run}", "Runs that ended.");

    /// <summary>Steps of runs that ended, by status.</summary>
    public static readonly Counter<long> RunStepsEnded = Meter.CreateCounter<long>("tandem_run_steps_ended_total", "{step}", "Steps of runs that ended.");

    /// <summary>Attempts to deliver messages, by channel and outcome.</summary>
    public static readonly Counter<long> MessageAttempts = Meter.CreateCounter<long>("tandem_message_attempts_total", "{attempt}", "Attempts to deliver messages by outcome.");

    /// <summary>An attempt to deliver a message, by channel.</summary>
    public static readonly Histogram<double> MessageAttemptSeconds = Meter.CreateHistogram<double>("tandem_message_attempt_seconds", "s", "Duration of an attempt to deliver a message.");

    /// <summary>Fires of schedules, by key and reason.</summary>
    public static readonly Counter<long> ScheduleFires = Meter.CreateCounter<long>("tandem_schedule_fires_total", "{fire}", "Fires of schedules.");

    /// <summary>Reservations by what became of them: held, confirmed, released, expired, refused for want of stock.</summary>
    public static readonly Counter<long> Reservations = Meter.CreateCounter<long>("tandem_reservations_total", "{reservation}", "Reservations by what became of them.");

    /// <summary>Payments that providers told of, by provider and status.</summary>
    public static readonly Counter<long> Payments = Meter.CreateCounter<long>("tandem_payments_total", "{payment}", "Payments by provider and status.");

    /// <summary>Payments that pay nothing, by provider and reason.</summary>
    public static readonly Counter<long> PaymentsToRefund = Meter.CreateCounter<long>("tandem_payments_to_refund_total", "{payment}", "Payments that must be given back.");

    /// <summary>Requests of providers, by provider and result: stored, repeated, unreadable, bad_signature, too_large.</summary>
    public static readonly Counter<long> WebhooksReceived = Meter.CreateCounter<long>("tandem_webhooks_received_total", "{request}", "Requests of providers by result.");

    /// <summary>From the receipt of an event to the commit of its effects, by provider.</summary>
    public static readonly Histogram<double> WebhookSeconds = Meter.CreateHistogram<double>("tandem_webhook_delay_seconds", "s", "From receipt to committed effects.");

    /// <summary>Upgrades refused, by reason.</summary>
    public static readonly Counter<long> LiveRefused = Meter.CreateCounter<long>("tandem_live_refused_total", "{connection}", "Live connections refused, by reason.");

    /// <summary>Live connections that ended, by reason.</summary>
    public static readonly Counter<long> LiveEnded = Meter.CreateCounter<long>("tandem_live_ended_total", "{connection}", "Live connections that ended, by reason.");

    /// <summary>From frames that have arrived together to their answers on the wire; one batch in eight.</summary>
    public static readonly Histogram<double> LiveBatchSeconds = Meter.CreateHistogram<double>("tandem_live_batch_seconds", "s", "From live frames to their answers, one batch in eight.");
}
