using App.Platform.Http;
using App.Platform.Observability;

namespace App.Platform.Configuration;

/// <summary>What every capability shares: role, address, database, keys, draining.</summary>
internal sealed record PlatformOptions
{
    /// <summary>TCP port, IPv6 and IPv4.</summary>
    public required int Port { get; init; }

    /// <summary>Production refuses the embedded database and a missing admin key, and logs JSON.</summary>
    public required bool Production { get; init; }

    /// <summary>Whether this process also consumes streams and runs jobs.</summary>
    public required bool Worker { get; init; }

    /// <summary>Connection string of the pooled database; null: the embedded server.</summary>
    public required string? ConnectionString { get; init; }

    /// <summary>Connection string that bypasses a pooler: LISTEN and migrations.</summary>
    public required string? UnpooledConnectionString { get; init; }

    /// <summary>The operator's key: all scopes, organization <c>default</c>.</summary>
    public required string? AdminApiKey { get; init; }

    /// <summary>HS256 secret of accepted JWTs; null: JWT is off.</summary>
    public required string? JwtSecretKey { get; init; }

    /// <summary>Lowest level that is logged: debug, information, warning, error.</summary>
    public required string LogLevel { get; init; }

    /// <summary>From SIGTERM to exit at the latest.</summary>
    public required TimeSpan Drain { get; init; }

    /// <summary>Requests a second and key outside ingest; bursts of twice as many.</summary>
    public required int RequestsPerSecond { get; init; }

    /// <summary>What user-supplied URLs may reach although it is private.</summary>
    public required EgressOptions Egress { get; init; }

    /// <summary>Statements that take longer are logged.</summary>
    public required TimeSpan SlowQuery { get; init; }

    /// <summary>What OpenTelemetry's variables say.</summary>
    public required TelemetryOptions Telemetry { get; init; }

    /// <summary><c>web</c> or <c>web+worker</c>.</summary>
    public string Role => Worker ? "web+worker" : "web";

    /// <summary>Reads and checks the shared variables.</summary>
    public static PlatformOptions Read(Variables variables)
    {
        var production = variables.OneOf("ENV", "development", "development", "production", "test") == "production";
        var pooled = DatabaseUrl(variables, "DATABASE_URL");
        var options = new PlatformOptions
        {
            Port = variables.Integer("PORT", 8080, 0, 65535),
            Production = production,
            Worker = variables.Flag("WORKER_ENABLED", true),
            ConnectionString = pooled,
            UnpooledConnectionString = DatabaseUrl(variables, "DATABASE_UNPOOLED_URL") ?? pooled,
            AdminApiKey = Secret(variables, "ADMIN_API_KEY", 16),
            JwtSecretKey = Secret(variables, "JWT_SECRET_KEY", 32),
            LogLevel = variables.OneOf("LOG_LEVEL", "information", "debug", "info", "information", "warn", "warning", "error"),
            Drain = TimeSpan.FromSeconds(variables.Integer("DRAIN_SECONDS", 30, 1, 3600)),
            RequestsPerSecond = variables.Integer("API_REQUESTS_PER_SECOND", 2000, 1, 1_000_000),
            Egress = EgressOptions.Read(variables),
            SlowQuery = TimeSpan.FromMilliseconds(variables.Integer("SLOW_QUERY_MS", 500, 1, 3_600_000)),
            Telemetry = TelemetryOptions.Read(variables),
        };
        if (production && pooled is null)
            variables.Fault("DATABASE_URL", "unset", "production needs a postgres:// URL; the embedded database is for development", 0);
        if (production && options.AdminApiKey is null)
            variables.Fault("ADMIN_API_KEY", "unset", "production needs a key of at least 16 characters", 0);
        return options;
    }

    private static string? DatabaseUrl(Variables variables, string name)
    {
        if (variables.Text(name) is not { } url) return null;
        var parsed = Database.DatabaseUrl.Parse(url);
        return parsed.ConnectionString ?? variables.Fault<string?>(name, "(not shown)", parsed.Fault!, null);
    }

    private static string? Secret(Variables variables, string name, int minimum)
    {
        var secret = variables.Text(name);
        return secret is null || System.Text.Encoding.UTF8.GetByteCount(secret) >= minimum
            ? secret
            : variables.Fault<string?>(name, "(not shown)",
                $"use at least {minimum} bytes, such as the output of 'openssl rand -base64 32'", null);
    }
}
