using App.Jobs;
using App.Messages.Channels;
using App.Messages.Delivering;
using App.Messages.Webhooks;
using App.Platform;
using App.Platform.Configuration;

namespace App.Messages;

/// <summary>Messages to the world outside: written with what they tell of, delivered by jobs.</summary>
internal sealed class MessagesModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(MessageOptions.Read(variables));
        services.AddSingleton<IMessageChannel, WebhookChannel>();
        services.AddSingleton<Outbox>().AddSingleton<WebhookEvents>().AddSingleton<MessageIntake>().AddSingleton<SlowAttempts>();
        services.AddJobKind<DeliverMessageArgs, DeliverMessage>(DeliverMessage.Definition);
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services) =>
        services.AddJobPool(DeliverMessage.Queue, provider =>
        {
            var options = provider.GetRequiredService<MessageOptions>();
            return new JobPool(DeliverMessage.Queue, options.InFlight) { Together = 32, Poll = options.Poll, MostTogether = options.Batch };
        });
}
