using App.Engines.Jobs;
using App.Exchange.Webhooks.Providers;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Leases;
using App.Platform.Observability;

namespace App.Exchange.Webhooks;

/// <summary>Inbound webhooks: what payment providers and WhatsApp tell us.</summary>
internal sealed class WebhooksModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(WebhookOptions.Read(variables));
        services.AddScoped<IWebhookProvider, WhatsApp>();
        services.AddScoped<IWebhookProvider, Paystack>();
        services.AddScoped<IWebhookProvider, Korapay>();
        services.AddSingleton<WebhookMetrics>().AddSingleton<WebhookLog>().AddSingleton<WebhookInbox>().AddSingleton<WebhooksHealth>();
        services.AddSingleton(provider => new HealthPart("webhooks", provider.GetRequiredService<WebhooksHealth>().CheckAsync));
        services.AddJobKind<ProcessWebhookArgs, ProcessWebhook>(ProcessWebhook.Kind);
    }

    /// <inheritdoc/>
    public override void AddWorkers(IServiceCollection services)
    {
        services.AddSingleton<WebhookPruning>();
        services.AddSingleton(provider =>
            new Duty("webhook pruning", TimeSpan.FromMinutes(10), provider.GetRequiredService<WebhookPruning>().RunOnceAsync));
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        WebhookEndpoints.Map(routes);
        WebhookEventEndpoints.Map(routes);
    }
}
