using System.Security.Cryptography;
using System.Text;
using App.Exchange.Messages.Api;
using App.Exchange.Messages.OutboundWebhooks;
using App.Platform.Database;
using App.Platform.Http;
using App.Runs.Handlers;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Messages;

/// <summary>
/// <c>message.send</c>: <c>{"channel","to","body"}</c> to <c>{"id","status","providerId"}</c>. Sends one message for the step,
/// however often it is tried, and waits without a worker until it is delivered or dead.
/// </summary>
internal sealed class MessageSendStep(IServiceScopeFactory scopes, MessageRequest parser, MessageStore store, TimeProvider time)
    : IStepHandler
{
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public string Name => "message.send";

    /// <inheritdoc/>
    public void Validate(StepInput input)
    {
        input.Only("channel", "to", "body", "orderKey");
        var (channel, to) = (input.Text("channel", required: true), input.Text("to", required: true));
        if (channel is not null && !MessageChannel.All.Contains(channel))
            input.Fault("channel", channel, $"use one of {string.Join(", ", MessageChannel.All)}");
        if (channel == MessageChannel.Webhook && to is not null && WebhookUrl.CureOf(to) is { } cure) input.Fault("to", to, cure);
        input.Require("body", "give what is to be sent");
    }

    /// <inheritdoc/>
    public async Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
        var faults = new List<FieldError>();
        if (await parser.ReadAsync(db, step.Organization, step.Input.Value, faults, ct) is not { } message)
            return StepOutcome.Fail(string.Join(' ', faults.Select(fault => $"{fault.Field} is '{fault.Value}': {fault.Cure}.")));
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{message.Channel}\n{message.To}\n{message.Body}"));
        var sent = await store.AddAsync(message with { Idempotency = ($"run:{step.IdempotencyKey}", hash) }, ct);
        switch (sent.Kind)
        {
            case SentMessageKind.InFlight:
                return StepOutcome.Retry("Another attempt of this step is sending the message.");
            case SentMessageKind.OtherPayload:
                return StepOutcome.Fail($"This step has sent message {sent.Id} with another content: repeat the run instead.");
        }
        if (sent.Status == MessageState.Dead && !step.HasWaited && step.Attempt > 1
            && await store.RedriveAsync(step.Organization, [sent.Id], ct) > 0) return StepOutcome.Wait(ShortestLook);

        var found = await db.Set<Message>().AsNoTracking().SingleAsync(one => one.Id == sent.Id, ct);
        return found.State switch
        {
            MessageState.Delivered => StepOutcome.Succeed(new { id = found.Id, status = found.State, providerId = found.ProviderId }),
            MessageState.Dead => StepOutcome.Fail($"Message {found.Id} is dead: {found.Error}"),
            _ => StepOutcome.Wait(Later(time.GetUtcNow() - found.CreatedAt)),
        };
    }

    // Soon at first; rarer for what takes long anyway.
    private static TimeSpan Later(TimeSpan age) => age / 4 < ShortestLook ? ShortestLook : age / 4 > LongestLook ? LongestLook : age / 4;
}
