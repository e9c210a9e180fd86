using Serilog;
using Serilog.Events;
using Serilog.Extensions.Hosting;

namespace App.Platform.Observability;

/// <summary>
/// One line a request, by Serilog: method, path, status and duration; never its query, its headers or its body. What asks
/// for health, readings that are posted and live frames are logged at debug alone.
/// </summary>
internal sealed class RequestLog : IDisposable
{
    private static readonly string[] Quiet = ["/health", "/healthz", Telemetry.MetricsPath, "/ingest", "/api/v2/write", "/ws"];

    private readonly LogRate served;
    private readonly LogRate failed;

    /// <summary>Bounded by the clock given.</summary>
    public RequestLog(TimeProvider time, ILogger<RequestLog> log) =>
        (served, failed) = (new(log, "requests", time), new(log, "failed requests", time));

    /// <summary>Registers it.</summary>
    public static void Add(IServiceCollection services, Serilog.ILogger logger) =>
        services.AddSingleton<RequestLog>().AddSingleton(logger).AddSingleton(new DiagnosticContext(logger));

    /// <summary>Puts it before everything else, so that it sees what is answered at last.</summary>
    public static void Use(WebApplication app)
    {
        var (own, logger) = (app.Services.GetRequiredService<RequestLog>(), app.Services.GetRequiredService<Serilog.ILogger>());
        var all = logger.IsEnabled(LogEventLevel.Debug);
        app.UseWhen(context => all || !IsQuiet(context), branch => branch.UseSerilogRequestLogging(options =>
        {
            options.Logger = logger.ForContext<RequestLog>();
            options.MessageTemplate = "{RequestMethod} {RequestPath} answered {StatusCode} in {Elapsed:0.0} ms";
            options.GetLevel = own.LevelOf;
        }));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        served.Dispose();
        failed.Dispose();
    }

    private static bool IsQuiet(HttpContext context) => Array.Exists(Quiet, path => context.Request.Path.StartsWithSegments(path));

    private LogEventLevel LevelOf(HttpContext context, double elapsed, Exception? exception)
    {
        if (IsQuiet(context)) return LogEventLevel.Debug;
        if (exception is not null || context.Response.StatusCode >= 500)
            return failed.Allows() ? LogEventLevel.Warning : LogEventLevel.Verbose;
        return served.Allows() ? LogEventLevel.Information : LogEventLevel.Verbose;
    }
}
