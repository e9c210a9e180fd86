using App.Platform.Configuration;

namespace App.Platform.Observability;

/// <summary>
/// What OpenTelemetry's own variables say. Two of them are read here, to know whether there is anybody to export to; the
/// rest (<c>OTEL_SERVICE_NAME</c>, <c>OTEL_TRACES_SAMPLER</c>, <c>OTEL_EXPORTER_OTLP_HEADERS</c>, …) are handed on, and mean what
/// OpenTelemetry says.
/// </summary>
/// <param name="Exports">Whether metrics and traces are exported by OTLP.</param>
/// <param name="Settings">All variables whose names begin with <c>OTEL_</c>.</param>
internal sealed record TelemetryOptions(bool Exports, IReadOnlyList<KeyValuePair<string, string?>> Settings)
{
    /// <summary>Reads them. Nothing is exported unless an endpoint is named.</summary>
    public static TelemetryOptions Read(Variables variables)
    {
        var (endpoint, disabled) = (variables.Url("OTEL_EXPORTER_OTLP_ENDPOINT"), variables.Flag("OTEL_SDK_DISABLED", false));
        return new(endpoint is not null && !disabled, variables.StartingWith("OTEL_"));
    }
}
