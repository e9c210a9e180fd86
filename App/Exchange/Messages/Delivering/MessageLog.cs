using App.Platform.Observability;

namespace App.Exchange.Messages.Delivering;

/// <summary>
/// One line for each message that is delivered or will never be, as many a second as can be read. Whom it goes to is not logged.
/// </summary>
internal sealed class MessageLog(ILogger<MessageLog> log, TimeProvider time) : IDisposable
{
    private readonly LogRate delivered = new(log, "messages delivered", time);
    private readonly LogRate dead = new(log, "messages dead", time);

    /// <summary>A message has come to an end.</summary>
    public void Ended(TakenMessage message, string state, string? error, TimeSpan? latency)
    {
        if (state == MessageState.Delivered)
        {
            if (log.IsEnabled(LogLevel.Information) && delivered.Allows())
                log.LogInformation("Message delivered: {MessageId} by {Channel} in {Milliseconds:0.0} ms", message.Id, message.Channel,
                    latency?.TotalMilliseconds);
        }
        else if (state == MessageState.Dead && dead.Allows())
            log.LogWarning("Message dead: {MessageId} by {Channel}: {Error}", message.Id, message.Channel, error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        delivered.Dispose();
        dead.Dispose();
    }
}
