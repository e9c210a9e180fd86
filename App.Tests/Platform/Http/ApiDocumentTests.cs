using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using App.Platform.Auth;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Http;

/// <summary>The API document: complete enough for generators of clients, and true of what the server does.</summary>
public sealed class ApiDocumentTests(AppHost host) : IClassFixture<AppHost>
{
    // They say how the process does, to whoever asks: there is nothing that they could refuse.
    private static readonly string[] NeverRefuse = ["getLiveness", "getReadiness", "getHealth"];

    // Providers send what they like, under a signature.
    private static readonly string[] BodyIsTheSenders = ["receiveWebhook"];

    private static readonly string[] IdsAreUuids = ["/api/webhook-endpoints", "/api/messages"];

    private static readonly string[] Methods = ["get", "post", "put", "patch", "delete"];

    private sealed record Call(string Path, string Method, JsonObject Operation)
    {
        public string Id => Operation["operationId"]!.GetValue<string>();

        public override string ToString() => $"{Method} {Path}";
    }

    [Fact]
    public async Task Every_operation_is_described()
    {
        var document = await DocumentAsync();
        var schema = new ApiSchema(document);
        var faults = new List<string>();
        var ids = new HashSet<string>();
        var calls = Calls(document).ToList();
        foreach (var call in calls)
        {
            void Demand(bool fine, string what)
            {
                if (!fine) faults.Add($"{call}: {what}");
            }

            var operation = call.Operation;
            Demand(Text(operation["summary"]) is { Length: < 80 }, "summary");
            var named = Text(operation["operationId"]) is { } id
                && char.IsAsciiLetterLower(id[0]) && id.All(char.IsAsciiLetterOrDigit) && ids.Add(id);
            Demand(named, "operationId");
            Demand(operation["tags"] is JsonArray { Count: 1 } tags && document["tags"]!.AsArray().Any(tag =>
                Text(tag!["name"]) == Text(tags[0]) && Text(tag["description"]) is not null), "tag");
            foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
                Demand(
                    Text(parameter!["description"]) is not null && parameter["schema"]?["type"] is not null,
                    $"parameter {parameter["name"]}");
            foreach (var name in call.Path.Split('/').Where(part => part.StartsWith('{')))
                Demand(operation["parameters"]!.AsArray().Any(parameter =>
                    Text(parameter!["in"]) == "path" && $"{{{parameter["name"]}}}" == name), $"path parameter {name}");
            foreach (var (type, media) in operation["requestBody"]?["content"]?.AsObject() ?? [])
                Demand(IsTyped(schema, media!), $"body {type}");

            var responses = operation["responses"]!.AsObject();
            var good = responses.Where(response => response.Key[0] == '2').ToList();
            Demand(good.Count > 0, "a success");
            foreach (var (status, response) in good)
            {
                var content = response!["content"] as JsonObject;
                Demand(content is { Count: > 0 } || status == "204" || call.Id == "receiveWebhook", $"content of {status}");
                foreach (var (type, media) in content ?? []) Demand(IsTyped(schema, media!), $"answer {status} {type}");
            }
            foreach (var (status, response) in responses.Where(response => response.Key[0] is '4'))
                Demand(schema.Resolve(response!)["content"]?["application/problem+json"]?["example"] is not null, $"problem {status}");
            Demand(responses.Any(response => response.Key[0] == '4') || NeverRefuse.Contains(call.Id), "how it refuses");
        }
        Assert.Empty(faults);
        Assert.True(calls.Count >= 60, $"{calls.Count} operations");
    }

    [Fact]
    public async Task Every_operation_names_the_scope_that_it_demands()
    {
        foreach (var call in Calls(await DocumentAsync()))
        {
            var scopes = call.Operation["security"]!.AsArray().Select(need =>
                need!["key"]!.AsArray().Single()!.GetValue<string>()).ToList();
            using var nobody = host.Client(null);
            using var answer = await nobody.SendAsync(Request(call, null));
            if (scopes.Count == 0)
                Assert.True(
                    NeverRefuse.Contains(call.Id) || call.Path.StartsWith("/webhooks/", StringComparison.Ordinal), $"{call} is open");
            else
            {
                Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
                Assert.Contains(Assert.Single(scopes), Scopes.All);
                Assert.Contains($"`{scopes[0]}`", Text(call.Operation["description"]));
            }
        }
    }

    [Fact]
    public async Task Fields_of_a_body_are_those_that_the_server_knows()
    {
        var document = await DocumentAsync();
        var schema = new ApiSchema(document);
        var compared = 0;
        foreach (var call in Calls(document))
        {
            if (BodyIsTheSenders.Contains(call.Id)) continue;
            if (call.Operation["requestBody"]?["content"]?["application/json"]?["schema"] is not { } body) continue;
            var described = body["oneOf"] is JsonArray choices ? choices.SelectMany(choice =>
                Fields(schema.Resolve(choice!))).ToHashSet() : [.. Fields(schema.Resolve(body))];
            // What the server does not know, it refuses with the names that it knows.
            using var answer = await host.Http.SendAsync(Request(call, """{"zzz":1}"""));
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True((int)answer.StatusCode is 400 or 422, $"{call}: {answer.StatusCode} {text}");
            var cure = JsonNode.Parse(text)?["errors"]?.AsArray().Select(error =>
                Text(error!["cure"])).FirstOrDefault(cure => cure?.Contains("known are", StringComparison.Ordinal) == true);
            if (cure is null) continue;
            var known = cure.Split("known are ")[1].Split(", ");
            Assert.True(
                known.All(described.Contains), $"{call} knows {string.Join(", ", known)}; described are {string.Join(", ", described)}");
            if (body["oneOf"] is null) Assert.Equal(known.Order(), described.Order());
            compared++;
        }
        Assert.True(compared >= 9, $"{compared} bodies were compared");
    }

    [Fact]
    public async Task Answers_are_as_described()
    {
        var document = await DocumentAsync();
        var schema = new ApiSchema(document);
        await FillAsync();
        foreach (var call in Calls(document).Where(call => call.Method == "get" && !call.Path.Contains('{') && IsJson(call)))
        {
            using var answer = await host.Http.SendAsync(Request(call, null));
            Assert.True(answer.IsSuccessStatusCode, $"{call}: {answer.StatusCode}");
            AssertFits(schema, call, await answer.Content.ReadAsStringAsync(), "200");
        }
        var run = (await JsonAsync("/api/runs"))["runs"]![0]!["id"]!.GetValue<string>();
        var reservation = (await JsonAsync("/api/reservations"))["reservations"]![0]!["id"]!.GetValue<string>();
        var job = (await JsonAsync("/api/jobs"))["jobs"]![0]!["id"]!.ToString();
        foreach (var (path, real) in new[]
        {
            ("/api/runs/{id}", $"/api/runs/{run}"),
            ("/api/reservations/{id}", $"/api/reservations/{reservation}"),
            ("/api/jobs/{id}", $"/api/jobs/{job}"),
            ("/api/buildings/{id}/readings", "/api/buildings/h1/readings"),
            ("/api/buildings/{id}/predictions", "/api/buildings/h1/predictions"),
        })
            AssertFits(
                schema, Calls(document).Single(call => call.Path == path && call.Method == "get"), (await JsonAsync(real)).ToJsonString(),
                "200");
        using var refused = await host.Http.GetAsync("/api/runs?limit=0");
        AssertFits(schema, Calls(document).Single(call => call.Id == "listRuns"), await refused.Content.ReadAsStringAsync(), "422");
    }

    [Fact]
    public async Task Examples_fit_their_schemas()
    {
        var document = await DocumentAsync();
        var schema = new ApiSchema(document);
        var checkedExamples = 0;
        foreach (var call in Calls(document))
        {
            var answers = call.Operation["responses"]!.AsObject().Select(response => (JsonNode?)schema.Resolve(response.Value!));
            foreach (var holder in answers.Append(call.Operation["requestBody"]).OfType<JsonNode>())
                foreach (var (type, media) in holder["content"]?.AsObject() ?? [])
                    if (media!["example"] is { } example)
                    {
                        Assert.True(
                            schema.Faults(media["schema"]!, example) is [],
                            $"{call} {type}: {string.Join("; ", schema.Faults(media["schema"]!, example))}");
                        checkedExamples++;
                    }
        }
        Assert.True(checkedExamples > 100, $"{checkedExamples} examples");
    }

    [Fact]
    public async Task Lists_tell_how_they_are_paged()
    {
        foreach (var call in Calls(await DocumentAsync()))
        {
            var names = call.Operation["parameters"]?.AsArray().Select(parameter => Text(parameter!["name"])).ToList() ?? [];
            Assert.Equal(names.Contains("limit"), names.Contains("cursor"));
        }
    }

    [Fact]
    public async Task The_document_is_kept_and_sent_once()
    {
        using var first = await host.Http.GetAsync("/openapi/v1.json");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await host.Http.SendAsync(request);

        Assert.Equal("application/json", first.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    private static bool IsTyped(ApiSchema schema, JsonNode media) =>
        media["schema"] is { } given && schema.Resolve(given) is var own && (own["type"] ?? own["oneOf"] ?? own["anyOf"]) is not null
        && media["example"] is not null;

    private static bool IsJson(Call call) => call.Operation["responses"]!["200"]!["content"]!["application/json"] is not null;

    private static IEnumerable<string> Fields(JsonObject schema) => schema["properties"]!.AsObject().Select(property => property.Key);

    private static string? Text(JsonNode? node) => node?.GetValue<string>() is { Length: > 0 } text ? text : null;

    private static IEnumerable<Call> Calls(JsonObject document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        where Methods.Contains(operation.Key)
        select new Call(path.Key, operation.Key, operation.Value!.AsObject());

    private static HttpRequestMessage Request(Call call, string? body)
    {
        var path = string.Join('/', call.Path.Split('/').Select(part => !part.StartsWith('{') ? part
            : IdsAreUuids.Any(start => call.Path.StartsWith(start, StringComparison.Ordinal)) ? Guid.Empty.ToString() : "1"));
        var request = new HttpRequestMessage(new HttpMethod(call.Method.ToUpperInvariant()), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return request;
    }

    private static void AssertFits(ApiSchema schema, Call call, string json, string status)
    {
        var content = schema.Resolve(call.Operation["responses"]![status]!)["content"]!.AsObject();
        var faults = schema.Faults((content["application/json"] ?? content["application/problem+json"])!["schema"]!, JsonNode.Parse(json));
        Assert.True(faults.Count == 0, $"{call}: {string.Join("; ", faults.Take(5))}");
    }

    private async Task<JsonObject> DocumentAsync() => JsonNode.Parse(await host.Http.GetStringAsync("/openapi/v1.json"))!.AsObject();

    private async Task<JsonNode> JsonAsync(string path) => JsonNode.Parse(await host.Http.GetStringAsync(path))!;

    // One of most things, so that lists are not empty.
    private async Task FillAsync()
    {
        foreach (var (path, body) in new[]
        {
            ("/ingest/readings", """{"readings":[{"buildingId":"h1","ts":"2026-01-01T00:00:00.5Z","watts":-1.5}]}"""),
            ("/api/runs", """{"plan":{"goal":"g","steps":[{"name":"a","handler":"human.approval","input":{"message":"?"}}]}}"""),
            ("/api/catalog/items", """{"sku":"lamp","name":"Lamp","stock":5,"priceMinor":100,"currency":"NGN"}"""),
            ("/api/reservations", """{"sku":"lamp","quantity":1,"reference":"r1"}"""),
            ("/api/webhook-endpoints", """{"url":"https://example.org/hook","eventTypes":["message.*"]}"""),
            ("/api/messages", """{"channel":"webhook","to":"https://example.org/hook","body":{"type":"x"}}"""),
            ("/api/queues/default/pause", ""),
        })
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await host.Http.PostAsync(path, content);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {await answer.Content.ReadAsStringAsync()}");
        }
    }
}
