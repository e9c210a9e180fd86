using App.Engines.Jobs;
using App.Exchange.Messages.Api;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Exchange.Messages.Email;
using App.Exchange.Messages.Meta;
using App.Exchange.Messages.OutboundWebhooks;
using App.Exchange.Messages.Upkeep;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Leases;
using App.Platform.Observability;
using App.Runs.Handlers;

namespace App.Exchange.Messages;

/// <summary>Messages to the world outside: written with what they tell of, delivered by jobs.</summary>
internal sealed class MessagesModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(MessageOptions.Read(variables))
            .AddSingleton(MetaOptions.Read(variables)).AddSingleton(EmailOptions.Read(variables));
        services.AddSingleton<MetaApi>().AddSingleton<CatalogReports>();
        services.AddSingleton<IMessageChannel, WebhookChannel>();
        services.AddSingleton<IMessageChannel, WhatsAppChannel>();
        services.AddSingleton<IMessageChannel, CatalogChannel>();
        services.AddSingleton<IMessageChannel, EmailChannel>();

        services.AddSingleton<Outbox>().AddSingleton<WebhookEvents>().AddSingleton<MessageStore>().AddSingleton<MessageRequest>();
        services.AddSingleton<MessageMetrics>().AddSingleton<MessageLog>().AddSingleton<MessageIntake>().AddSingleton<SlowAttempts>();
        services.AddSingleton<IStepHandler, MessageSendStep>();
        services.AddSingleton<MessageHealth>();
        services.AddSingleton(provider => new HealthPart("messages", provider.GetRequiredService<MessageHealth>().CheckAsync));
        // It holds nothing of an attempt: one for all.
        services.AddSingleton<DeliverMessage>();
        services.AddJobKind<DeliverMessageArgs, DeliverMessage>(DeliverMessage.Definition);
        services.AddJobKind<CheckCatalogBatchArgs, CheckCatalogBatch>(CheckCatalogBatch.Kind);
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddJobPool(DeliverMessage.Queue, provider =>
        {
            var options = provider.GetRequiredService<MessageOptions>();
            return new JobPool(DeliverMessage.Queue, options.InFlight)
            {
                Together = 128,
                Poll = options.Poll,
                MostTogether = options.Batch,
                Prefetch = MessageIntake.Prefetch
            };
        });
        services.AddSingleton<MessageUpkeep>().AddSingleton<MessageGauges>();
        services.AddSingleton(provider =>
            new Duty("message pruning", TimeSpan.FromMinutes(10), provider.GetRequiredService<MessageUpkeep>().PruneAsync));
        services.AddSingleton(provider =>
            new Duty("message rescue", TimeSpan.FromSeconds(15), provider.GetRequiredService<MessageUpkeep>().AbandonAsync));
        services.AddSingleton(provider =>
            new Duty("message gauges", MessageGauges.Interval, provider.GetRequiredService<MessageGauges>().RunOnceAsync));
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        MessageEndpoints.Map(routes);
        WebhookEndpointRequests.Map(routes);
    }
}
