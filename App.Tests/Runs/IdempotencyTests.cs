using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Runs;

/// <summary>The same request sent twice makes one run.</summary>
public sealed class IdempotencyTests(AppHost host) : IClassFixture<AppHost>
{
    private const string Body = """{"plan":{"goal":"g","steps":[{"name":"a","handler":"delay","input":{"ms":1}}]},"priority":5}""";

    [Fact]
    public async Task The_same_payload_gets_the_same_answer()
    {
        using var http = host.ClientOfItsOwn();
        var first = await SendAsync(http, "key-1", Body);
        var reordered = """{ "priority": 5, "plan": {"steps":[{"input":{"ms":1},"handler":"delay","name":"a"}], "goal":"g"} }""";
        Assert.Equal(HttpStatusCode.Created, first.Status);
        Assert.Equal(first, await SendAsync(http, "key-1", Body));
        Assert.Equal(first, await SendAsync(http, "key-1", reordered));
        Assert.NotEqual(first, await SendAsync(http, "key-2", Body));
        Assert.NotEqual(await SendAsync(http, null, Body), await SendAsync(http, null, Body));
        using var other = host.ClientOfItsOwn();
        Assert.NotEqual(first, await SendAsync(other, "key-1", Body));
        var empty = await SendAsync(http, "empty", """{"plan":{"goal":"g","steps":[]}}""");
        Assert.Equal("succeeded", JsonElement.Parse(empty.Body).StatusOf());
        Assert.Equal(empty, await SendAsync(http, "empty", """{"plan":{"goal":"g","steps":[]}}"""));
    }

    [Fact]
    public async Task Another_payload_is_refused()
    {
        using var http = host.ClientOfItsOwn();
        await SendAsync(http, "key", Body);
        var other = await SendAsync(http, "key", Body.Replace("\"ms\":1", "\"ms\":2"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.Status);
        Assert.Contains("Idempotency-Key", other.Body);
        Assert.Single((await http.GetFromJsonAsync<JsonElement>("/api/runs")).GetProperty("runs").EnumerateArray());
    }

    [Fact]
    public async Task While_the_first_is_in_flight_the_second_is_a_409()
    {
        var organization = $"o{Guid.NewGuid():N}";
        using var http = host.Client(Jwt.Of(organization, "admin"));
        await using (var connection = await host.Source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var held = connection.CreateCommand();
            held.CommandText = $"select pg_advisory_xact_lock(hashtextextended('{organization}' || E'\\n' || 'key', 20261122))";
            await held.ExecuteNonQueryAsync();
            Assert.Equal(HttpStatusCode.Conflict, (await SendAsync(http, "key", Body)).Status);
        }
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(http, "key", Body)).Status);
    }

    [Fact]
    public async Task Twenty_at_once_make_one_run()
    {
        using var http = host.ClientOfItsOwn();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(http, "key", Body)));
        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.Conflict, answer.Body));
        Assert.Single(answers.Where(answer => answer.Status == HttpStatusCode.Created).Select(answer => answer.Body).Distinct());
        Assert.Single((await http.GetFromJsonAsync<JsonElement>("/api/runs")).GetProperty("runs").EnumerateArray());
    }

    [Fact]
    public async Task A_key_must_be_one()
    {
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(host.Http, new string('k', 256), Body)).Status);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(host.Http, new string('k', 255), Body)).Status);
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpClient http, string? key, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post,
            "/api/runs")
        { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        using var response = await http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
