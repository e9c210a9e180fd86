using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.RateLimiting;
using App.Platform.Auth;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Http;
using App.Platform.Http.ApiDescription;
using App.Platform.Leases;
using App.Platform.Observability;
using App.Platform.Serving;
using Microsoft.EntityFrameworkCore;

namespace App.Platform;

/// <summary>What every capability stands on: database, keys, problems, limits, health and metrics.</summary>
internal static class PlatformSetup
{
    /// <summary>Registers it.</summary>
    public static void AddPlatform(this IServiceCollection services, PlatformOptions options, DatabaseServer database)
    {
        var postgres = database.Postgres!;
        services.AddSingleton(database);
        services.AddSingleton(options).AddSingleton(postgres).AddSingleton(postgres.Source);
        services.AddSingleton(TimeProvider.System);
        services.AddHostedService<Draining>();
        services.AddSingleton<Notifications>().AddHostedService(provider => provider.GetRequiredService<Notifications>());
        if (options.Worker)
        {
            services.AddSingleton<Leader>().AddHostedService(provider => provider.GetRequiredService<Leader>());
            services.AddSingleton<PlannerStatistics>();
            services.AddSingleton(provider =>
                new Duty("planner statistics", TimeSpan.FromSeconds(1), provider.GetRequiredService<PlannerStatistics>().RunOnceAsync));
        }
        services.AddSingleton<Health>();
        services.AddTelemetry(options.Telemetry);
        services.AddDbContext<AppDbContext>(db => db.UseNpgsql(postgres.Source));
        services.AddSingleton(options.Egress)
            .AddSingleton<EgressPolicy>().AddSingleton(provider => new Egress(provider.GetRequiredService<EgressPolicy>()));
        services.AddKeys(options);
        services.AddApiDescription();
        services.AddProblemDetails();
        services.AddExceptionHandler<RequestFailures>();
        services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = (context, _) => RejectAsync(context.HttpContext);
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => Limit(context, options));
        });
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
            json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.SerializerOptions.AllowDuplicateProperties = false;
        });
        // The rest of the time is for what is stopped after the host, such as an embedded database.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain * 0.8);
    }

    /// <summary>The order of middleware, and the platform's own endpoints.</summary>
    public static void UsePlatform(this WebApplication app)
    {
        RequestLog.Use(app);
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseAuthentication();
        app.Use(OrganizationEnricher.TagAsync);
        app.UseRateLimiter();
        app.UseAuthorization();
        app.Services.GetRequiredService<Health>().Map(app);
        app.MapApiDescription();
        app.MapMetrics();
        app.Services.GetRequiredService<Postgres>().SlowQueries
            .Tell(app.Services.GetRequiredService<ILogger<SlowQueries>>(), app.Services.GetRequiredService<PlatformOptions>().SlowQuery);
    }

    // Health must answer whatever else happens. (Ingest has backpressure of its own, and no limit here.)
    private static RateLimitPartition<string> Limit(HttpContext context, PlatformOptions options)
    {
        var path = context.Request.Path;
        if (path.StartsWithSegments("/health") || path.StartsWithSegments("/healthz"))
            return RateLimitPartition.GetNoLimiter("");
        // Providers call from a few addresses, much at once at times: bounded is what is in hand (each at most 1 MB), not the rate.
        if (path.StartsWithSegments("/webhooks"))
            return RateLimitPartition.GetConcurrencyLimiter("webhooks",
                _ => new ConcurrencyLimiterOptions { PermitLimit = 256, QueueLimit = 4096 });
        var who = context.User.Identity?.IsAuthenticated == true
            ? "org:" + context.User.Organization()
            : "ip:" + context.Connection.RemoteIpAddress;
        return RateLimitPartition.GetTokenBucketLimiter(who, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.RequestsPerSecond * 2,
            TokensPerPeriod = options.RequestsPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        });
    }

    private static ValueTask RejectAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return new(Problems.Of(StatusCodes.Status429TooManyRequests, "Too many requests: try again after a second.").ExecuteAsync(context));
    }
}
