using System.Net;
using App.Tests.Energy.Readings;
using App.Tests.Fixtures;

namespace App.Tests.Scenarios;

/// <summary>
/// A collector on loopback: what reaches it by OpenTelemetry's own variables. In a process of its own, for whoever exports listens to its
/// whole process.
/// </summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task Metrics_and_traces_reach_the_collector_by_the_standard_variables()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var collector = await HttpStub.StartAsync();
        await using var app = await AppProcess.StartReadyAsync(database.Url, worker: true,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url.ToString()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_BSP_SCHEDULE_DELAY", "100"), ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
            ("OTEL_SERVICE_NAME", "tandem-of-this-test"));
        Assert.Equal(HttpStatusCode.Accepted, (await app.Http.SendAsync(Post.Body(Post.Item("exported", Post.NewYear, 1)))).Status);

        await SawAsync("/v1/traces", "POST /ingest/readings", "commit readings", "disaggregation readings", "tandem-of-this-test");
        await SawAsync("/v1/metrics", "tandem_readings_accepted_total", "tandem-of-this-test");
        // What asks for health every few seconds is no work of anybody's.
        Assert.DoesNotContain(collector.At("/v1/traces"), seen => seen.Body.Contains("/health", StringComparison.Ordinal));

        // Names are text in the bytes of either message.
        async Task SawAsync(string path, params string[] names) => await Poll.UntilAsync($"{path} has {string.Join(", ", names)}",
            () => Task.FromResult(names.All(name => collector.At(path).Any(seen => seen.Body.Contains(name, StringComparison.Ordinal)))),
            whatElse: () => $"It was sent {string.Join(", ", collector.Requests.Select(seen => seen.Path).Distinct())}.");
    }
}
