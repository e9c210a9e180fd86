using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using App.Platform.Observability;
using App.Tests.Energy.Readings;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Observability;

public sealed partial class MetricsTests(AppHost host) : IClassFixture<AppHost>
{
    private static readonly string[] Names =
        [.. typeof(Telemetry).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetValue(null)).OfType<Instrument>().Select(instrument => instrument.Name)];

    [Fact]
    public void Names_are_unique_and_begin_with_the_product()
    {
        Assert.InRange(Names.Length, 8, 200);
        Assert.Equal(Names, Names.Distinct());
        Assert.All(Names, name => Assert.Matches("^tandem_[a-z0-9_]+$", name));
    }

    [Fact]
    public async Task Metrics_are_valid_Prometheus_text_and_complete()
    {
        await host.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)));
        await host.Http.GetAsync("/nowhere/\"x\\y");
        var response = await host.Http.GetAsync("/metrics");
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        var families = Parse(await response.Content.ReadAsStringAsync());
        foreach (var name in Names) Assert.Contains(name, families.Keys);
        Assert.Contains(families.Keys, name => name.StartsWith("http_server_request_duration", StringComparison.Ordinal));
        Assert.True(families["tandem_readings_accepted_total"].Single().Value >= 1);
        foreach (var histogram in families.Where(family => family.Value.Exists(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal))))
            CheckHistogram(histogram.Key, histogram.Value);
    }

    [Fact]
    public async Task The_API_document_has_every_call_of_the_contract()
    {
        var document = await host.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        Assert.StartsWith("3.", document.GetProperty("openapi").GetString());
        foreach (var (path, method) in new[]
        {
            ("/ingest/readings", "post"), ("/api/v2/write", "post"), ("/api/buildings", "get"), ("/api/buildings/{id}/readings", "get"), ("/api/buildings/{id}/predictions", "get"),
            ("/api/pipeline", "get"), ("/api/models", "get"), ("/api/models/{name}/versions", "post"), ("/api/models/{name}/{version}/activate", "post"),
            ("/health", "get"), ("/healthz", "get"), ("/health/ready", "get"), ("/metrics", "get"),
        })
            Assert.True(document.GetProperty("paths").TryGetProperty(path, out var calls) && calls.TryGetProperty(method, out _), $"{method} {path}");
    }

    // Text format 0.0.4: HELP and TYPE of a family once, its samples behind them, each series once.
    private static Dictionary<string, List<(string Name, string Labels, double Value)>> Parse(string text)
    {
        var families = new Dictionary<string, List<(string, string, double)>>();
        var seen = new HashSet<string>();
        var current = "";
        Assert.EndsWith("\n", text);
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                current = line.Split(' ')[2];
                Assert.True(families.TryAdd(current, []), $"{current} twice");
                continue;
            }
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                Assert.Matches($"^# TYPE {Regex.Escape(current)} (counter|gauge|histogram)$", line);
                continue;
            }
            var sample = Sample().Match(line);
            Assert.True(sample.Success, line);
            var name = sample.Groups[1].Value;
            Assert.True(name == current || name is var n && (n == current + "_bucket" || n == current + "_sum" || n == current + "_count"), line);
            Assert.True(seen.Add(name + sample.Groups[2].Value), $"{line} twice");
            families[current].Add((name, sample.Groups[2].Value, double.Parse(sample.Groups[3].Value, CultureInfo.InvariantCulture)));
        }
        return families;
    }

    private static void CheckHistogram(string name, List<(string Name, string Labels, double Value)> samples)
    {
        foreach (var series in samples.Where(sample => sample.Name == name + "_bucket").GroupBy(sample => Le().Replace(sample.Labels, "")))
        {
            var buckets = series.Select(sample => sample.Value).ToList();
            Assert.Equal(buckets.Order(), buckets);
            Assert.Contains("le=\"+Inf\"", series.Last().Labels);
            Assert.Contains(samples, sample => sample.Name == name + "_count" && sample.Labels.Trim('{', '}') == series.Key.Trim('{', '}', ',') && sample.Value == buckets[^1]);
        }
    }

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*")*\})? ([-+]?[0-9.eE+-]+|NaN|[+-]?Inf)$""")]
    private static partial Regex Sample();

    [GeneratedRegex(",?le=\"[^\"]*\"")]
    private static partial Regex Le();
}
