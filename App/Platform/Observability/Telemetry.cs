using System.Diagnostics.Metrics;
using App.Platform.Auth;
using App.Platform.Http;
using Npgsql;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace App.Platform.Observability;

/// <summary>
/// OpenTelemetry: metrics at <c>/metrics</c>, and with traces by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says so. A slice
/// makes its own instruments on a meter whose name begins with <c>Tandem.</c>, and names them as Prometheus wants them; so it
/// does with its <see cref="System.Diagnostics.ActivitySource"/>.
/// </summary>
internal static class Telemetry
{
    /// <summary>Where Prometheus asks.</summary>
    public const string MetricsPath = "/metrics";

    private static readonly string[] Meters = ["Tandem.*", "Microsoft.AspNetCore.Hosting", "System.Runtime"];

    private static readonly MetricStreamConfiguration Buckets = new ExplicitBucketHistogramConfiguration
    {
        Boundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    /// <summary>Registers it.</summary>
    public static void AddTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        var telemetry = services.AddOpenTelemetry()
            // What the variables say comes last, and counts.
            .ConfigureResource(resource => resource.AddService("tandem", serviceVersion: Health.Version).AddEnvironmentVariableDetector())
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Meters).AddPrometheusExporter(AsItAlwaysWas);
                if (options.Exports) metrics.AddOtlpExporter();
            });
        if (options.Exports)
            telemetry.WithTracing(traces => traces
                .AddSource("Tandem.*")
                .AddAspNetCoreInstrumentation(requests => requests.Filter = IsTraced)
                .AddHttpClientInstrumentation()
                .AddProcessor<OrphanFilter>()
                .AddNpgsql()
                .AddOtlpExporter());
        services.ConfigureOpenTelemetryMeterProvider((provider, metrics) =>
        {
            var own = provider.GetRequiredService<IMeterFactory>();
            metrics.AddView(instrument => ViewOf(instrument, own));
        });
    }

    /// <summary>Maps <c>GET /metrics</c>.</summary>
    public static void MapMetrics(this WebApplication app)
    {
        // Not MapPrometheusScrapingEndpoint, which takes every method and is not in the API document.
        var scrape = ((IEndpointRouteBuilder)app).CreateApplicationBuilder().UseOpenTelemetryPrometheusScrapingEndpoint(_ => true).Build();
        app.MapGet(MetricsPath, (Func<HttpContext, Task>)(context => scrape(context))).RequireScope(Scopes.Read).WithTags("health")
            .Describe("getMetrics", "Metrics of this process", "In the text format of Prometheus.")
            .AnswersText("text/plain", "# TYPE tandem_jobs_enqueued_total counter\ntandem_jobs_enqueued_total 3\n");
    }

    // What asks every few seconds whether all is well is no work of anybody's.
    private static bool IsTraced(HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/health") && context.Request.Path.Value is not ("/healthz" or MetricsPath);

    // Names and labels of samples are a promise to dashboards: no label beside those that were recorded.
    private static void AsItAlwaysWas(PrometheusAspNetCoreOptions prometheus)
    {
        prometheus.ScopeInfoEnabled = false;
        prometheus.TargetInfoEnabled = false;
        prometheus.ScrapeResponseCacheDurationMilliseconds = 0;
    }

    // A provider hears every meter of the process by its name; those of another host in it are not ours to show.
    private static MetricStreamConfiguration? ViewOf(Instrument instrument, IMeterFactory own) =>
        instrument.Meter.Scope is IMeterFactory factory && factory != own ? MetricStreamConfiguration.Drop
        : instrument is Histogram<double> ? Buckets
        : null;
}
