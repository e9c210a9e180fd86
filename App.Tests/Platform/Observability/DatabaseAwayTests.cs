using System.Net;
using App.Development.Embedded;
using App.Platform.Auth;
using App.Tests.Energy.Readings;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Observability;

/// <summary>A database that goes and comes back: the truth about it, 503 with a time to try again, and nothing stored twice.</summary>
public sealed class DatabaseAwayTests
{
    [Fact]
    public async Task While_the_database_is_away_callers_are_told_and_afterwards_served()
    {
        await using var database = await TestDatabaseServer.StartOwnAsync();
        await using var host = await AppHost.StartAsync(database.Url);
        var body = Post.Body(Post.Item("h", Post.NewYear, 1), Post.Item("solar", Post.NewYear, -1));
        Assert.Equal((1, 1), (await host.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear - 1000, 1)))).Counts);
        using var unmet = host.Client(await host.NewKeyAsync("default", Scopes.Admin));

        database.Crash();
        // The postmaster is the last of its processes to go.
        await Poll.UntilAsync("it is gone with all sessions", () => Task.FromResult(!ServerProcess.IsAlive(database.ProcessId)));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Http.SendAsync(body)).Status);
        foreach (var client in new[] { host.Http, unmet })
            foreach (var path in new[] { "/api/buildings", "/api/buildings/h/readings", "/api/pipeline", "/api/models" })
            {
                using var response = await client.GetAsync(path);
                Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable,
                    $"{path}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
                Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
            }
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await unmet.SendAsync(body)).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Http.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Http.GetAsync("/health")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/healthz")).StatusCode);

        await database.StartAgainAsync();
        var stored = 0;
        PostAnswer back;
        do back = await host.Http.SendAsync(body);
        while (back.Status == HttpStatusCode.ServiceUnavailable);
        stored += back.Counts.Stored + (await host.Http.SendAsync(body)).Counts.Stored;
        Assert.Equal(2, stored);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(2, (await host.Http.ReadingsAsync("h")).Count);
        // Flagged although the first try to do so had failed.
        Assert.True(await host.ScalarAsync<bool>("select bool_or(net_negative) from meters"));
    }
}
