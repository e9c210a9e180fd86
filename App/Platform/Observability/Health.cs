using System.Reflection;
using App.Platform.Configuration;
using App.Platform.Database;

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

/// <summary>A part of the product that <c>/health</c> shows; each capability registers its own.</summary>
/// <param name="Name">Key in the answer, such as <c>stream</c>.</param>
/// <param name="CheckAsync">Asks it.</param>
internal sealed record HealthPart(string Name, Func<CancellationToken, Task<PartHealth>> CheckAsync);

/// <summary>
/// <c>/healthz</c> tells whether the process lives, <c>/health/ready</c> whether it can serve (database and schema),
/// <c>/health</c> everything, in the shape of a status page.
/// </summary>
internal sealed class Health(
    Postgres postgres, PlatformOptions options, IEnumerable<HealthPart> parts, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<Health> log)
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
        routes.MapGet("/healthz", () => TypedResults.Ok(new Liveness("alive"))).WithTags("health");
        routes.MapGet("/health/ready", ReadyAsync).WithTags("health");
        routes.MapGet("/health", AllAsync).WithTags("health");
    }

    /// <summary>That a process lives.</summary>
    internal sealed record Liveness(string Status);

    private async Task<IResult> ReadyAsync(CancellationToken ct)
    {
        var database = lifetime.ApplicationStopping.IsCancellationRequested
            ? new PartHealth(HealthStatus.Down, "draining")
            : await DatabaseAsync(ct);
        var ready = database.Status == HealthStatus.Up;
        var reason = database.Note ?? "database is back";
        if (Interlocked.Exchange(ref lastReason, reason) is { } before && before != reason) log.LogWarning("Readiness is now {Ready}: {Reason}", ready, reason);
        return ready
            ? TypedResults.Ok(new { status = "ready" })
            : TypedResults.Json(new { status = "not ready", reason = database.Note }, statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private async Task<IResult> AllAsync(CancellationToken ct)
    {
        var database = await DatabaseAsync(ct);
        var answer = new Dictionary<string, object?>
        {
            ["status"] = "",
            ["role"] = options.Role,
            ["version"] = Version,
            ["uptimeSeconds"] = Math.Round(time.GetElapsedTime(started).TotalSeconds, 1),
            ["process"] = postgres.ProcessName,
            ["database"] = database,
        };
        var worst = database.Status;
        foreach (var part in parts)
        {
            var health = await CheckAsync(part, ct);
            answer[part.Name] = health;
            // What is switched off is no fault.
            if (health.Status > worst) worst = health.Status;
        }
        answer["status"] = worst == HealthStatus.Off ? HealthStatus.Up : worst;
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
            return new PartHealth(HealthStatus.Down, TransientFault.Refusal(e) is { } refusal ? $"The database refuses: {refusal}." : "The database does not answer.");
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
