using App.Exchange.Messages.Delivering;
using App.Exchange.Messages.OutboundWebhooks;
using App.Platform.Configuration;

namespace App.Exchange.Messages;

/// <summary>How messages are delivered and kept.</summary>
internal sealed record MessageOptions
{
    /// <summary>Attempts under way at once in this process.</summary>
    public int InFlight { get; init; } = 2048;

    /// <summary>How often a worker looks although nothing was notified.</summary>
    public required TimeSpan Poll { get; init; }

    /// <summary>Messages of one claim; several claims are made while there is room.</summary>
    public required int Batch { get; init; }

    /// <summary>When webhooks are tried.</summary>
    public required RetrySchedule WebhookSchedule { get; init; }

    /// <summary>What signs webhooks to URLs that are not registered.</summary>
    public required WebhookSecret? SigningSecret { get; init; }

    /// <summary>How long an endpoint may take to answer.</summary>
    public required TimeSpan WebhookTimeout { get; init; }

    /// <summary>
    /// How long a message may be uncertain before it is given up; null: until a status comes or somebody redrives it.
    /// </summary>
    public required TimeSpan? UncertainFor { get; init; }

    /// <summary>How long messages that have ended are kept.</summary>
    public required TimeSpan Keep { get; init; }

    /// <summary>Reads the variables of messages.</summary>
    public static MessageOptions Read(Variables variables) => new()
    {
        Poll = TimeSpan.FromSeconds(variables.Integer("OUTBOX_WORKER_INTERVAL_SECONDS", 1, 1, 3600)),
        Batch = variables.Integer("OUTBOX_WORKER_BATCH_SIZE", 50, 1, 1000),
        WebhookSchedule = RetrySchedule.Read(variables, "WEBHOOK_RETRY_SCHEDULE",
            RetrySchedule.OfSeconds(0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)),
        SigningSecret = WebhookSecret.Read(variables, "WEBHOOK_SIGNING_SECRET"),
        WebhookTimeout = TimeSpan.FromMilliseconds(variables.Integer("WEBHOOK_TIMEOUT_MS", 15_000, 100, 120_000)),
        UncertainFor = variables.Integer("WHATSAPP_UNCERTAIN_HOURS", 24, 0, 24 * 30) is > 0 and var hours
            ? TimeSpan.FromHours(hours) : null,
        Keep = TimeSpan.FromDays(variables.Integer("MESSAGE_RETENTION_DAYS", 30, 1, 3650)),
    };
}
