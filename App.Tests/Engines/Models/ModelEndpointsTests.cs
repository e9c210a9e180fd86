using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using App.Engines.Models;
using App.Platform.Auth;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Serving;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Engines.Models;

public sealed class ModelEndpointsTests : IAsyncLifetime
{
    private const string Key = "the-operators-key-of-this-test";
    private TestDatabase database = null!;
    private Server server = null!;
    private HttpClient http = null!;

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        server = await Server.StartAsync(Program.ComposeAsync, Variables.Of(new Dictionary<string, string?>
        {
            ["DATABASE_URL"] = database.Url,
            ["PORT"] = "0",
            ["WORKER_ENABLED"] = "true",
            ["ADMIN_API_KEY"] = Key,
            ["LOG_LEVEL"] = "error",
        }), default);
        http = Client(Key);
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await server.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_version_is_registered_activated_replaced_and_brought_back()
    {
        Assert.Equal(("candidate", 1, false), Summary(await RegisterAsync(TinyModel.Scaling(1))));
        Assert.Equal(("active", 1, true), Summary(await PostAsync("/api/models/tiny/versions/1/activate")));
        Assert.Equal(("candidate", 2, false), Summary(await RegisterAsync(TinyModel.Scaling(2))));
        Assert.Equal(("active", 2, true), Summary(await PostAsync("/api/models/tiny/2/activate")));
        Assert.Equal(("active", 1, true), Summary(await PostAsync("/api/models/tiny/1/activate")));

        var versions = (await TinyAsync()).ToDictionary(version => version.GetProperty("version").GetInt32());
        Assert.Equal(("active", 1, true), Summary(versions[1]));
        Assert.Equal(("retired", 2, false), Summary(versions[2]));
        Assert.Equal(ModelArtifacts.HashOf(TinyModel.Scaling(1)), versions[1].GetProperty("sha256").GetString());
        Assert.Equal("x", versions[1].GetProperty("input").GetProperty("name").GetString());
        Assert.Equal(3, versions[1].GetProperty("labels").GetArrayLength());
    }

    [Fact]
    public async Task A_version_is_taken_as_JSON_too()
    {
        var artifact = TinyModel.Scaling(1);
        using var response = await http.PostAsJsonAsync("/api/models/tiny/versions", new
        {
            spec = JsonElement.Parse(TinyModel.Spec().ToJson()),
            artifactBase64 = Convert.ToBase64String(artifact),
            sha256 = ModelArtifacts.HashOf(artifact),
        });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("/api/models/tiny/versions/1", response.Headers.Location!.ToString());
    }

    [Fact]
    public async Task What_cannot_serve_is_refused_with_its_fault_and_not_stored()
    {
        await RefusedAsync("keeps its data in another file", "artifact",
            Form(TinyModel.Scaling(1, externalData: true), TinyModel.Spec().ToJson()));
        await RefusedAsync("It is no ONNX file", "artifact", Form("not a model"u8.ToArray(), TinyModel.Spec().ToJson()));
        await RefusedAsync("has sha256", "sha256", Form(TinyModel.Scaling(1), TinyModel.Spec().ToJson(), new string('0', 64)));
        await RefusedAsync("64 hexadecimal digits", "sha256", Form(TinyModel.Scaling(1), TinyModel.Spec().ToJson(), "abc"));
        await RefusedAsync("use one name", "spec.name", Form(TinyModel.Scaling(1), TinyModel.Spec("other").ToJson()));
        await RefusedAsync("labels", "spec.labels", Form(TinyModel.Scaling(1), (TinyModel.Spec() with { Labels = ["one"] }).ToJson()));
        await RefusedAsync("the spec says [-1,4]", "artifact", Form(TinyModel.Scaling(1), TinyModel.Spec(width: 4).ToJson()));
        await RefusedAsync("The part spec is missing", "spec", Form(TinyModel.Scaling(1), ""));
        await RefusedAsync("It is no spec", "spec.input", Form(TinyModel.Scaling(1), """{"name":"tiny","input":null,"output":null}"""));
        await RefusedAsync("send it, or the sha256", "artifact", Json("{\"spec\":" + TinyModel.Spec().ToJson() + "}"));
        await RefusedAsync("MODEL_ARTIFACT_BASE_URL is unset", "artifact",
            Json("{\"sha256\":\"" + new string('0', 64) + "\",\"spec\":" + TinyModel.Spec().ToJson() + "}"));
        await RefusedAsync("no JSON of this call", "artifactBase64", Json("{\"artifactBase64\":\"!\"}"));
        await RefusedAsync("no JSON of this call", "body", Json("{"));
        Assert.Empty(await TinyAsync());
    }

    [Fact]
    public async Task Other_bodies_are_no_500()
    {
        using var text = await http.PostAsync("/api/models/tiny/versions", new StringContent("x"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, text.StatusCode);
        var cut = new ByteArrayContent("--b\r\nContent-Disposition: form-data; name=\"spec\"\r\n\r\n{"u8.ToArray());
        cut.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
        using var form = await http.PostAsync("/api/models/tiny/versions", cut);
        Assert.InRange((int)form.StatusCode, 400, 499);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/models/tiny/versions")
        {
            Content = new StreamContent(new EndlessStream(300L << 20)) { Headers = { { "Content-Type", "application/json" } } },
            Headers = { ExpectContinue = true },
        };
        using var large = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
    }

    [Fact]
    public async Task A_bad_version_cannot_be_activated_and_the_old_one_serves_on()
    {
        await RegisterAsync(TinyModel.Scaling(1));
        await PostAsync("/api/models/tiny/1/activate");
        await RegisterAsync(TinyModel.Scaling(2));
        await using (var command = server.App.Services.GetRequiredService<Postgres>().Source
            .CreateCommand("update model_versions set artifact = '\\x00' where name = 'tiny' and version = 2"))
            await command.ExecuteNonQueryAsync();
        using var response = await http.PostAsync("/api/models/tiny/2/activate", null);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal(("active", 1, true), Summary((await TinyAsync())[0]));
    }

    [Fact]
    public async Task A_candidate_runs_beside_the_active_version_and_reports()
    {
        var spec = (TinyModel.Spec() with { Thresholds = [1, 1, 1] }).ToJson();
        foreach (var factor in (float[])[1, 2])
        {
            using var registered = await http.PostAsync("/api/models/tiny/versions", Form(TinyModel.Scaling(factor), spec));
            registered.EnsureSuccessStatusCode();
        }
        await RefusedShadowAsync("tiny/versions/2", "no version of 'tiny' is active");
        await PostAsync("/api/models/tiny/versions/1/activate");
        await RefusedShadowAsync("tiny/versions/1", "it serves already");

        var started = await PostAsync("/api/models/tiny/versions/2/shadow");
        Assert.Equal(("tiny@2", "tiny@1", "running"),
            (started.GetProperty("candidate").GetString(), started.GetProperty("active").GetString(),
                started.GetProperty("state").GetString()));
        using (var use = server.App.Services.GetRequiredService<ActiveModels>().Get("tiny").Acquire()) ModelProcess.Run(use!, 0.6f);
        var stopped = await PostAsync("/api/models/tiny/versions/2/shadow/stop");
        Assert.Equal(("ended", 1, 0),
            (stopped.GetProperty("state").GetString(), stopped.GetProperty("compared").GetInt32(),
                stopped.GetProperty("agreement").GetInt32()));
        Assert.Equal("nothing", stopped.GetProperty("disagreements")[0].GetProperty("active").GetString());
        Assert.Equal("ended", (await TinyAsync())[1].GetProperty("shadow").GetProperty("state").GetString());
        Assert.Equal(1, (await http.GetFromJsonAsync<JsonElement>("/api/models/tiny/shadows")).GetProperty("shadows").GetArrayLength());
        using var unknown = await http.PostAsync("/api/models/tiny/versions/9/shadow", null);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    private async Task RefusedShadowAsync(string version, string why)
    {
        using var response = await http.PostAsync($"/api/models/{version}/shadow", null);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Contains(why,
            JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("errors")[0].GetProperty("cure").GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_version_is_a_404()
    {
        using var response = await http.PostAsync("/api/models/tiny/3/activate", null);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("tiny@3", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Versions_are_listed_page_by_page()
    {
        for (var factor = 1; factor <= 5; factor++) await RegisterAsync(TinyModel.Scaling(factor));
        var seen = new List<int>();
        string? cursor = null;
        do
        {
            var page = await http.GetFromJsonAsync<JsonElement>($"/api/models?limit=2{(cursor is null ? "" : "&cursor=" + cursor)}");
            seen.AddRange(
                page.GetProperty("models").EnumerateArray().Where(IsTiny).Select(model => model.GetProperty("version").GetInt32()));
            cursor = page.GetProperty("next").GetString();
        }
        while (cursor is not null);
        Assert.Equal([1, 2, 3, 4, 5], seen);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await http.GetAsync("/api/models?limit=0")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await http.GetAsync("/api/models?cursor=x")).StatusCode);
    }

    [Fact]
    public async Task Reading_needs_read_and_changing_needs_admin()
    {
        await using var scope = server.App.Services.CreateAsyncScope();
        var key = await ApiKeyStore.CreateAsync(scope.ServiceProvider.GetRequiredService<AppDbContext>(), "somebody", "test",
            [Scopes.Read, Scopes.Write], default);
        using var reader = Client(key);
        Assert.Equal(HttpStatusCode.OK, (await reader.GetAsync("/api/models")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden,
            (await reader.PostAsync("/api/models/tiny/versions", Form(TinyModel.Scaling(1), TinyModel.Spec().ToJson()))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsync("/api/models/tiny/1/activate", null)).StatusCode);
        using var nobody = new HttpClient { BaseAddress = server.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/api/models")).StatusCode);
    }

    private HttpClient Client(string key) => new(AppHost.Handler())
    {
        BaseAddress = server.Address,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
    };

    private async Task<JsonElement> RegisterAsync(byte[] artifact)
    {
        using var response = await http.PostAsync("/api/models/tiny/versions", Form(artifact, TinyModel.Spec().ToJson()));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<JsonElement> PostAsync(string path)
    {
        using var response = await http.PostAsync(path, null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task RefusedAsync(string fault, string field, HttpContent content)
    {
        using var response = await http.PostAsync("/api/models/tiny/versions", content);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0];
        Assert.Contains(fault, error.GetProperty("cure").GetString());
        Assert.Equal(field, error.GetProperty("field").GetString());
    }

    private async Task<IReadOnlyList<JsonElement>> TinyAsync() =>
        [.. (await http.GetFromJsonAsync<JsonElement>("/api/models")).GetProperty("models").EnumerateArray().Where(IsTiny)];

    private static bool IsTiny(JsonElement model) => model.GetProperty("name").GetString() == "tiny";

    private static (string? State, int Version, bool Loaded) Summary(JsonElement model) =>
        (model.GetProperty("state").GetString(), model.GetProperty("version").GetInt32(), model.GetProperty("loaded").GetBoolean());

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static MultipartFormDataContent Form(byte[] artifact, string spec, string? sha256 = null)
    {
        var form = new MultipartFormDataContent { { new ByteArrayContent(artifact), "artifact", "tiny.onnx" },
            { new StringContent(spec), "spec" } };
        if (sha256 is not null) form.Add(new StringContent(sha256), "sha256");
        return form;
    }
}
