using System.Net;
using App.Platform.Auth;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Platform.Auth;

/// <summary>Every endpoint that there is demands a key with its scope, but for a short list.</summary>
public sealed class EndpointKeyTests(AppHost host) : IClassFixture<AppHost>
{
    // They answer with the form, or lead to it; DashboardAccessTests tell who gets in.
    private static readonly string[] Pages = ["/jobs/{**view}", "/hangfire/{**view}", "/webhooks/{id:long?}", "/messages/{**view}",
        "/models", "/live", "/live/mediapipe/{file}"];

    // What shows the API document is as public as the document.
    private static readonly string[] Reference =
        ["/scalar/{documentName?}", "/scalar/scalar.js", "/scalar/scalar.aspnetcore.js", "/scalar/favicon.svg"];

    // The live socket is opened by a ticket as well, and says so to whoever does not ask for a socket: LiveAdmissionTests.
    private static readonly string[] Open =
    [
        "/ws/landmarks", "/health", "/healthz", "/health/ready", "/openapi/v1.json", .. Reference, "/ping", "/sign-in",
        "/sign-out", "/assets/{**path}", "/", "/webhooks/{provider}", .. Pages,
    ];

    private static readonly Dictionary<string, string> Scope = new()
    {
        ["POST /ingest/readings"] = Scopes.Ingest,
        ["POST /api/v2/write"] = Scopes.Ingest,
        ["GET /api/buildings"] = Scopes.Read,
        ["GET /api/buildings/{id}/readings"] = Scopes.Read,
        ["GET /api/buildings/{id}/predictions"] = Scopes.Read,
        ["GET /api/pipeline"] = Scopes.Read,
        ["GET /api/pipeline/dead"] = Scopes.Admin,
        ["POST /api/pipeline/dead/{id:long}/redrive"] = Scopes.Admin,
        ["GET /api/models"] = Scopes.Read,
        ["POST /api/models/{name}/versions"] = Scopes.Admin,
        ["POST /api/models/{name}/versions/{version:int}/activate"] = Scopes.Admin,
        ["GET /api/jobs"] = Scopes.Read,
        ["GET /api/jobs/{id:long}"] = Scopes.Read,
        ["POST /api/jobs/{id:long}/retry"] = Scopes.Write,
        ["POST /api/jobs/{id:long}/cancel"] = Scopes.Write,
        ["POST /api/jobs/redrive"] = Scopes.Write,
        ["GET /api/queues"] = Scopes.Read,
        ["POST /api/queues/{name}/pause"] = Scopes.Admin,
        ["POST /api/queues/{name}/resume"] = Scopes.Admin,
        ["GET /metrics"] = Scopes.Read,
        ["GET /api/schedules"] = Scopes.Read,
        ["POST /api/schedules/{key}/trigger"] = Scopes.Admin,
        ["POST /api/catalog/items"] = Scopes.Write,
        ["GET /api/catalog/items"] = Scopes.Read,
        ["POST /api/reservations"] = Scopes.Write,
        ["GET /api/reservations/{id}"] = Scopes.Read,
        ["POST /api/reservations/{id}/confirm"] = Scopes.Write,
        ["DELETE /api/reservations/{id}"] = Scopes.Write,
        ["GET /api/payments"] = Scopes.Read,
        ["POST /api/payments/{id:long}/refunded"] = Scopes.Write,
        ["GET /api/webhook-events"] = Scopes.Admin,
        ["GET /api/webhook-events/{id:long}"] = Scopes.Admin,
        ["POST /api/webhook-events/{id:long}/replay"] = Scopes.Admin,
        ["POST /api/runs"] = Scopes.Write,
        ["GET /api/runs"] = Scopes.Read,
        ["GET /api/runs/{id}"] = Scopes.Read,
        ["GET /api/runs/{id}/events"] = Scopes.Read,
        ["POST /api/runs/{id}/cancel"] = Scopes.Write,
        ["POST /api/runs/{id}/retry"] = Scopes.Write,
    };

    [Fact]
    public async Task Without_a_key_nothing_but_the_open_endpoints_answers()
    {
        using var nobody = host.Client(null);
        using var wrong = host.Client(ApiKey.NewSecret());
        var closed = 0;
        foreach (var (method, pattern, _) in Endpoints())
        {
            if (Open.Contains(pattern)) continue;
            foreach (var client in new[] { nobody, wrong })
            {
                using var response = await client.SendAsync(new HttpRequestMessage(method, PathOf(pattern)));
                Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{method} {pattern}: {response.StatusCode}");
                Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
                Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
                Assert.Contains("Authorization", await response.Content.ReadAsStringAsync());
            }
            closed++;
        }
        Assert.True(closed >= Scope.Count);
    }

    [Fact]
    public async Task Open_endpoints_answer_without_a_key()
    {
        using var nobody = host.Client(null);
        foreach (var path in new[] { "/health", "/healthz", "/health/ready", "/openapi/v1.json", "/ping" })
        {
            using var response = await nobody.GetAsync(path);
            Assert.True(response.IsSuccessStatusCode, path);
        }
    }

    [Fact]
    public async Task A_key_of_any_other_scope_is_refused()
    {
        var clients = new Dictionary<string, HttpClient>();
        foreach (var scope in Scopes.All) clients[scope] = host.Client(await host.NewKeyAsync(Scopes.OperatorsOrganization, scope));
        foreach (var (method, pattern, scope) in Endpoints().Where(endpoint => endpoint.Scope is not null))
            foreach (var (held, client) in clients)
            {
                using var response = await client.SendAsync(new HttpRequestMessage(method, PathOf(pattern)));
                var allowed = held == scope || held == Scopes.Admin;
                Assert.True(allowed != (response.StatusCode == HttpStatusCode.Forbidden),
                    $"{method} {pattern} with {held}: {response.StatusCode}");
                Assert.True((int)response.StatusCode < 500, $"{method} {pattern} with {held}: {response.StatusCode}");
                if (!allowed) Assert.Contains($"\"{held}\"", await response.Content.ReadAsStringAsync());
            }
        foreach (var client in clients.Values) client.Dispose();
    }

    [Fact]
    public void Endpoints_of_the_contract_have_their_scope()
    {
        var found = Endpoints().Where(endpoint => endpoint.Scope is not null)
            .ToDictionary(endpoint => $"{endpoint.Method} {endpoint.Pattern}", endpoint => endpoint.Scope!);
        foreach (var (endpoint, scope) in Scope) Assert.Equal((endpoint, scope), (endpoint, found.GetValueOrDefault(endpoint)));
    }

    private IEnumerable<(HttpMethod Method, string Pattern, string? Scope)> Endpoints() =>
        from endpoint in host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let pattern = "/" + endpoint.RoutePattern.RawText!.Trim('/')
        // Files of the pages: what anyone may fetch.
        where !endpoint.Metadata.Any(metadata => metadata.GetType().Name == "StaticAssetDescriptor")
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        select (new HttpMethod(method), pattern, endpoint.Metadata.GetMetadata<IAuthorizeData>()?.Policy);

    private static string PathOf(string pattern) =>
        string.Join('/',
            pattern.Split('/')
                .Select(part =>
                    part.StartsWith('{') ? part.Contains(":guid", StringComparison.Ordinal) ? Guid.Empty.ToString() : "1" : part));
}
