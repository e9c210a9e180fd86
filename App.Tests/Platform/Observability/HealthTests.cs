using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Observability;

public sealed class HealthTests(AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task Health_shows_every_part()
    {
        using var nobody = host.Client(null);
        var health = await nobody.GetFromJsonAsync<JsonElement>("/health");
        Assert.Contains(health.GetProperty("status").GetString(), new[] { "up", "degraded" });
        Assert.Equal("web", health.GetProperty("role").GetString());
        Assert.NotEqual("", health.GetProperty("version").GetString());
        Assert.InRange(health.GetProperty("uptimeSeconds").GetDouble(), 0, 3600);
        Assert.Equal("up", health.GetProperty("database").GetProperty("status").GetString());
        foreach (var part in new[] { "stream", "models", "schedules" })
            Assert.Contains(health.GetProperty(part).GetProperty("status").GetString(), new[] { "up", "degraded", "off" });
        Assert.Equal("alive", (await nobody.GetFromJsonAsync<JsonElement>("/healthz")).GetProperty("status").GetString());
        Assert.Equal("ready", (await nobody.GetFromJsonAsync<JsonElement>("/health/ready")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task What_is_not_there_is_a_problem_too()
    {
        foreach (var (method, path, status) in new[] { (HttpMethod.Get, "/nowhere", 404), (HttpMethod.Get, "/ingest/readings", 405),
            (HttpMethod.Delete, "/api/buildings", 405) })
        {
            using var response = await host.Http.SendAsync(new HttpRequestMessage(method, path));
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }
    }
}
