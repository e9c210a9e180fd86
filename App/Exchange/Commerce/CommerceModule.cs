using App.Engines.Jobs;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Observability;

namespace App.Exchange.Commerce;

/// <summary>What is sold: items with their stock, reservations of it, payments.</summary>
internal sealed class CommerceModule : Module
{
    /// <inheritdoc/>
    public override void AddServices(IServiceCollection services, Variables variables)
    {
        services.AddSingleton(CommerceOptions.Read(variables));
        services.AddSingleton<CommerceMetrics>()
            .AddScoped<CatalogSync>().AddScoped<CommerceEvents>().AddScoped<Reservations>().AddScoped<Payments>();
        services.AddSingleton<PaymentsHealth>();
        services.AddSingleton(provider => new HealthPart("payments", provider.GetRequiredService<PaymentsHealth>().CheckAsync));
        services.AddJobKind<ExpireReservationArgs, ExpireReservation>(ExpireReservation.Kind);
        services.AddJobKind<SyncCatalogArgs, SyncCatalog>(SyncCatalog.Kind);
    }

    /// <inheritdoc/>
    public override void MapEndpoints(IEndpointRouteBuilder routes)
    {
        CatalogEndpoints.Map(routes);
        ReservationEndpoints.Map(routes);
        PaymentEndpoints.Map(routes);
    }
}
