using System.Text.Json.Serialization;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;

namespace App.Exchange.Messages.Delivering;

/// <summary>What a job of kind <c>message.deliver</c> is about.</summary>
/// <param name="MessageId">The message.</param>
/// <param name="Generation">1, and one more each time that the message is redriven; a job of an earlier generation does nothing.</param>
/// <param name="TellsTrace">Whether the far side wants to know, in <c>traceparent</c>, which trace it belongs to.</param>
internal sealed record DeliverMessageArgs(
    Guid MessageId,
    [property: JsonPropertyName("drive")] int Generation,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool TellsTrace = false);

/// <summary>
/// Makes one attempt of a message, and says what follows. The message's own schedule decides when it is tried again,
/// so the job is snoozed and its attempts are not spent; what became of the attempt is written with the end of the job.
/// </summary>
internal sealed class DeliverMessage(MessageIntake intake, SlowAttempts slow, IEnumerable<IMessageChannel> channels, MessageOptions options,
    MessageMetrics metrics, MessageLog log, TimeProvider time) : IJobHandler<DeliverMessageArgs>
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "message.deliver";

    /// <summary>Its queue, which has places of its own.</summary>
    public const string Queue = "messages";

    /// <summary>The kind.</summary>
    public static JobKind Definition { get; } = new()
    {
        Name = Kind,
        Queue = Queue,
        MaxAttempts = 25,
        Timeout = TimeSpan.FromMinutes(5),
        LongestBackoff = TimeSpan.FromMinutes(5),
        KeepsSucceeded = false
    };

    /// <inheritdoc/>
    public async Task<JobOutcome> RunAsync(DeliverMessageArgs args, JobContext job, CancellationToken ct)
    {
        var message = job.Prefetched as TakenMessage ?? await intake.TakeAsync(args, ct);
        if (message is null || message.State is MessageState.Delivered or MessageState.Dead) return JobOutcome.Done();
        if (args.TellsTrace) message = message with { TellsTrace = true };
        if (channels.FirstOrDefault(channel => channel.Name == message.Channel) is not { MissingVariables: null } channel)
            return Outcome(args, message, MessageState.Dead,
                $"The channel {message.Channel} is off: "
                + $"{channels.FirstOrDefault(one => one.Name == message.Channel)?.MissingVariables} not set.", null);
        if (message.State == MessageState.Uncertain && !channel.TellsRepetitions) return Uncertain(args, message);
        if (message.ClosedReason is { } closed)
            return Outcome(args, message, MessageState.Dead,
                $"The endpoint is closed: {closed} Enable it (PATCH /api/webhook-endpoints/ID with enabled) "
                + "and redrive the message.", null);
        if (message.Wait is { } wait)
        {
            // Nobody waits for ever behind an endpoint that does not come back.
            return message.Age > Longest(channel.Schedule.Span) && message.Channel == MessageChannel.Webhook
                ? Outcome(args, message, MessageState.Dead,
                    $"The endpoint has not answered for as long as its messages are tried ({Longest(channel.Schedule.Span)}).", null)
                : Again(args, message, MessageState.Pending, "The far side takes nothing for a while: see its circuit or the channel.",
                    null, wait + TimeSpan.FromMilliseconds(50), inLine: true);
        }
        return Follow(args, message, channel, await AttemptAsync(message, channel, ct));
    }

    private async Task<AttemptResult> AttemptAsync(TakenMessage message, IMessageChannel channel, CancellationToken ct)
    {
        var (at, began) = (time.GetUtcNow(), time.GetTimestamp());
        var sending = channel.SendAsync(message, ct);
        var result = message.State == MessageState.Sending || sending.IsCompleted
            ? await sending : await slow.WatchAsync(message.Id, sending);
        var latency = time.GetElapsedTime(began);
        metrics.Attempted(message.Channel, result.End, latency);
        return result with { StartedAt = at, Latency = latency };
    }

    private JobOutcome Follow(DeliverMessageArgs args, TakenMessage message, IMessageChannel channel, AttemptResult result)
    {
        switch (result.End)
        {
            case AttemptEnd.Delivered:
                return Outcome(args, message, MessageState.Delivered, result.Error, result);
            case AttemptEnd.Lost when !channel.TellsRepetitions:
                return Again(args, message, MessageState.Uncertain, result.Error, result, options.UncertainFor ?? TimeSpan.Zero,
                    inLine: false, done: options.UncertainFor is null);
            case AttemptEnd.Refused:
                return Outcome(args, message, MessageState.Dead, result.Error, result);
        }
        if (result.Pause is { } pause) return Again(args, message, MessageState.Pending, result.Error, result, pause, inLine: true);
        var tries = message.Attempts.All + 1 - message.Attempts.Spent;
        if (channel.Schedule.After(tries) is not { } next)
            return Outcome(args, message, MessageState.Dead, $"{result.Error} It was tried {tries} times.", result);
        if (result.RetryAfter > next) next = result.RetryAfter.Value;
        return Again(args, message, MessageState.Pending, result.Error, result, next, inLine: next <= RetrySchedule.LongestInLine);
    }

    // Found so, it was sent by a worker that is gone; or it has been so for as long as the policy allows.
    private JobOutcome Uncertain(DeliverMessageArgs args, TakenMessage message)
    {
        if (options.UncertainFor is not { } patience) return JobOutcome.Done();
        var quiet = message.Quiet ?? TimeSpan.Zero;
        if (quiet >= patience - TimeSpan.FromSeconds(1))
            return Outcome(args, message, MessageState.Dead,
                $"Nobody knows whether it was delivered: no answer and no status came "
                + $"within {patience.TotalHours:0.##} hours (WHATSAPP_UNCERTAIN_HOURS).", null);
        return JobOutcome.Snooze(patience - quiet) with { LeavesOrder = true };
    }

    private static TimeSpan Longest(TimeSpan span) => span > TimeSpan.FromDays(1) ? span : TimeSpan.FromDays(1);

    private JobOutcome Outcome(DeliverMessageArgs args, TakenMessage message, string state, string? error, AttemptResult? result)
    {
        log.Ended(message, state, error, result?.Latency);
        var failed = state != MessageState.Delivered;
        return JobOutcome.Done() with
        {
            Effect = new AttemptEffect(message, args.Generation, state, error, result, TimeSpan.Zero),
            InvalidatesPrefetch = failed,
            BacksOff = failed
        };
    }

    private static JobOutcome Again(DeliverMessageArgs args, TakenMessage message, string state, string? error, AttemptResult? result,
        TimeSpan after, bool inLine, bool done = false) =>
        (done ? JobOutcome.Done() : JobOutcome.Snooze(after)) with
        {
            Effect = new AttemptEffect(message, args.Generation, state, error, result, after),
            LeavesOrder = !inLine,
            InvalidatesPrefetch = true,
            BacksOff = true
        };
}
