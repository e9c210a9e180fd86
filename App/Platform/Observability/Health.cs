using System.Reflection;
using System.Text.Json.Serialization;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace App.Platform.Observability;

/// <summary>How well a part does.</summary>
internal enum HealthStatus
{
    /// <summary>Works.</summary>
    Up,

    /// <summary>Not configured, and so not offered.</summary>
    Off,

    /// <summary>Works in part, or waits for something.</summary>
    Degraded,

    /// <summary>Does not work.</summary>
    Down,
}

/// <summary>What one part says of itself.</summary>
/// <param name="Status">How well it does.</param>
/// <param name="Note">Why, when it is not simply up.</param>
/// <param name="Details">Figures for a reader.</param>
internal sealed record PartHealth(HealthStatus Status, string? Note = null, object? Details = null);

/// <summary>How an installation does, as one process sees it; beside these, each part by its name.</summary>
/// <param name="Status">That of the worst part.</param>
/// <param name="Role">What the process does.</param>
/// <param name="Version">Of the build.</param>
/// <param name="UptimeSeconds">How long the process has been up.</param>
/// <param name="Process">Name of the process.</param>
/// <param name="Database">The database.</param>
/// <example>
/// {"status":"up","role":"web+worker","version":"1.0.0","uptimeSeconds":12.5,"process":"web-1","database":{"status":"up","note":null,
/// "details":{"version":"18.4"}},
/// "queue":{"status":"up","note":null,"details":null}}
/// </example>
internal sealed record HealthReport(
    HealthStatus Status, string Role, string Version, double UptimeSeconds, string Process, PartHealth Database)
{
    /// <summary>The other parts.</summary>
    [JsonExtensionData]
    public IDictionary<string, object> Parts { get; init; } = new Dictionary<string, object>();

    /// <summary>Says in the API document that the other parts are like the database.</summary>
    public static Task DescribePartsAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var report = (OpenApiSchema)context.Document!.Components!.Schemas![nameof(HealthReport)];
        report.AdditionalProperties = new OpenApiSchemaReference(nameof(PartHealth), context.Document);
        return Task.CompletedTask;
    }
}

/// <summary>A part of the product that <c>/health</c> shows; each capability registers its own.</summary>
/// <param name="Name">Key in the answer, such as <c>stream</c>.</param>
/// <param name="CheckAsync">Asks it.</param>
internal sealed record HealthPart(string Name, Func<CancellationToken, Task<PartHealth>> CheckAsync);

/// <summary>
/// <c>/healthz</c> tells whether the process lives, <c>/health/ready</c> whether it can serve (database and schema),
/// <c>/health</c> everything, in the shape of a status page.
/// </summary>
internal sealed class Health(
    Postgres postgres, PlatformOptions options, IEnumerable<HealthPart> parts, TimeProvider time, IHostApplicationLifetime lifetime,
    ILogger<Health> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly long started = time.GetTimestamp();
    private string? lastReason;

    /// <summary>Version of this build.</summary>
    public static string Version { get; } =
        typeof(Health).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Maps the three calls; they need no key and tell nothing of a tenant.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => TypedResults.Ok(new Liveness("alive"))).WithTags("health")
            .Describe("getLiveness", "Whether the process lives", "Asks nothing of the database.");
        routes.MapGet(
            "/health/ready", ReadyAsync).WithTags("health").Produces<Ready>().Produces<NotReady>(StatusCodes.Status503ServiceUnavailable)
            .Describe("getReadiness", "Whether the process can serve", "503 while it drains, or while the database does not answer.");
        routes.MapGet(
            "/health", AllAsync).WithTags("health").Produces<HealthReport>().Produces<HealthReport>(StatusCodes.Status503ServiceUnavailable)
            .Describe("getHealth", "How all parts do", "503 while the database does not answer.")
            .AddOpenApiOperationTransformer(HealthReport.DescribePartsAsync);
    }

    /// <summary>That a process lives.</summary>
    /// <param name="Status">That it does.</param>
    internal sealed record Liveness([OneOf("alive")] string Status);

    /// <summary>That a process can serve.</summary>
    /// <param name="Status">That it can.</param>
    internal sealed record Ready([OneOf("ready")] string Status);

    /// <summary>That a process cannot serve.</summary>
    /// <param name="Status">That it cannot.</param>
    /// <param name="Reason">Why.</param>
    internal sealed record NotReady([OneOf("not ready")] string Status, string? Reason);

    private async Task<IResult> ReadyAsync(CancellationToken ct)
    {
        var database = lifetime.ApplicationStopping.IsCancellationRequested
            ? new PartHealth(HealthStatus.Down, "draining")
            : await DatabaseAsync(ct);
        var ready = database.Status == HealthStatus.Up;
        var reason = database.Note ?? "database is back";
        if (Interlocked.Exchange(ref lastReason, reason) is { } before && before != reason)
            log.LogWarning("Readiness is now {Ready}: {Reason}", ready, reason);
        return ready
            ? TypedResults.Ok(new Ready("ready"))
            : TypedResults.Json(new NotReady("not ready", database.Note), statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private async Task<IResult> AllAsync(CancellationToken ct)
    {
        var database = await DatabaseAsync(ct);
        var answers = new Dictionary<string, object>();
        var worst = database.Status;
        foreach (var part in parts)
        {
            var health = await CheckAsync(part, ct);
            answers[part.Name] = health;
            // What is switched off is no fault.
            if (health.Status > worst) worst = health.Status;
        }
        var answer = new HealthReport(
            worst == HealthStatus.Off ? HealthStatus.Up : worst, options.Role, Version,
            Math.Round(time.GetElapsedTime(started).TotalSeconds, 1), postgres.ProcessName, database)
        {
            Parts = answers,
        };
        return TypedResults.Json(answer, statusCode: database.Status == HealthStatus.Up ? 200 : 503);
    }

    private async Task<PartHealth> DatabaseAsync(CancellationToken ct)
    {
        try
        {
            using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
            bounded.CancelAfter(Patience);
            await using var command = postgres.Source.CreateCommand("select current_setting('server_version')");
            return new PartHealth(HealthStatus.Up, Details: new { version = await command.ExecuteScalarAsync(bounded.Token) });
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            log.LogDebug(e, "The database does not answer");
            return new PartHealth(HealthStatus.Down,
                TransientFault.Refusal(e) is { } refusal ? $"The database refuses: {refusal}." : "The database does not answer.");
        }
    }

    private async Task<PartHealth> CheckAsync(HealthPart part, CancellationToken ct)
    {
        try
        {
            using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
            bounded.CancelAfter(Patience);
            return await part.CheckAsync(bounded.Token);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            log.LogDebug(e, "Health of {Part} cannot be told", part.Name);
            return new PartHealth(HealthStatus.Down, $"Cannot be told: {e.GetType().Name}.");
        }
    }
}
