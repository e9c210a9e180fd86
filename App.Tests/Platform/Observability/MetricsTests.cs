using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using App.Tests.Energy.Readings;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Observability;

public sealed partial class MetricsTests(AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task Metrics_are_valid_Prometheus_text_and_complete()
    {
        await host.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)));
        await host.Http.GetAsync("/nowhere/\"x\\y");
        var response = await host.Http.GetAsync("/metrics");
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        var families = Parse(await response.Content.ReadAsStringAsync());
        Assert.Contains(families.Keys, name => name.StartsWith("http_server_request_duration", StringComparison.Ordinal));
        Assert.True(families["tandem_readings_accepted_total"].Single().Value >= 1);
        // What has not happened yet is shown as zero, so that its first rise can be seen.
        Assert.Equal(0, families["tandem_ingest_refused_total"].Single().Value);
        foreach (var histogram in families.Where(family =>
            family.Value.Exists(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal))))
            CheckHistogram(histogram.Key, histogram.Value);
    }

    [Fact]
    public async Task The_API_document_has_every_call_of_the_contract()
    {
        var document = await host.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        Assert.StartsWith("3.", document.GetProperty("openapi").GetString());
        foreach (var (path, method) in new[]
        {
            ("/ingest/readings", "post"), ("/api/v2/write", "post"), ("/api/buildings", "get"), ("/api/buildings/{id}/readings", "get"),
            ("/api/buildings/{id}/predictions", "get"),
            ("/api/pipeline", "get"), ("/api/models", "get"), ("/api/models/{name}/versions", "post"),
            ("/api/models/{name}/{version}/activate", "post"),
            ("/health", "get"), ("/healthz", "get"), ("/health/ready", "get"), ("/metrics", "get"),
        })
            Assert.True(document.GetProperty("paths").TryGetProperty(path, out var calls) && calls.TryGetProperty(method, out _),
                $"{method} {path}");
    }

    // The text format: the TYPE of a family once, its HELP and samples behind it, each series once.
    private static Dictionary<string, List<(string Name, string Labels, double Value)>> Parse(string text)
    {
        var families = new Dictionary<string, List<(string, string, double)>>();
        var seen = new HashSet<string>();
        var current = "";
        Assert.EndsWith("\n", text);
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                current = line.Split(' ')[2];
                Assert.True(families.TryAdd(current, []), $"{current} twice");
                Assert.Matches("^# TYPE [a-z0-9_]+ (counter|gauge|histogram)$", line);
                continue;
            }
            if (line.StartsWith('#'))
            {
                Assert.Matches($"^# (HELP|UNIT) {Regex.Escape(current)} |^# EOF$", line);
                continue;
            }
            var sample = Sample().Match(line);
            Assert.True(sample.Success, line);
            var name = sample.Groups[1].Value;
            Assert.True(
                name == current || name is var n && (n == current + "_bucket" || n == current + "_sum" || n == current + "_count"), line);
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
            Assert.Contains(samples,
                sample =>
                    sample.Name == name + "_count" && sample.Labels.Trim('{', '}') == series.Key.Trim('{', '}', ',')
                        && sample.Value == buckets[^1]);
        }
    }

    [GeneratedRegex(
        """^([a-zA-Z_:][a-zA-Z0-9_:]*)"""
        + """(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*")*|)\})?"""
        + """ ([-+]?[0-9.eE+-]+|NaN|[+-]?Inf)$""")]
    private static partial Regex Sample();

    [GeneratedRegex(",?le=\"[^\"]*\"")]
    private static partial Regex Le();
}
