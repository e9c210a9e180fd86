using System.Net;
using System.Net.Http.Json;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Scenarios;

/// <summary>The same build in two roles.</summary>
public sealed class RoleTests
{
    [Fact]
    public async Task The_web_role_accepts_and_serves_and_only_the_worker_consumes()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var outcome = new Outcome(database.ConnectionString);
        await using var web = await AppProcess.StartReadyAsync(database.Url, worker: false);
        Assert.Contains("Starting as web", web.Output);
        Assert.DoesNotContain("Starting as web+worker", web.Output);
        Assert.Contains("Worker disabled - running in web-only mode", web.Output);

        var load = Load.Start(web.Http, count: 3, pauseMs: 0);
        await load.AcceptMoreAsync(300);
        await load.StopAsync();
        Assert.Equal(HttpStatusCode.OK, (await web.Http.GetAsync("/api/buildings/house-1-0/readings?limit=5")).StatusCode);
        Assert.Equal("0 0 0",
            await outcome.TextAsync(
                "select (select count(*) from stream_offsets) || ' ' || (select count(*) from leases) || ' ' || (select count(*) "
                + "from predictions)"));

        await using var worker = await AppProcess.StartReadyAsync(database.Url, worker: true);
        Assert.Contains("Starting as web+worker", worker.Output);
        await worker.WroteAsync("Consuming readings as group disaggregation");
        await worker.WroteAsync("Acquired leader lease");
        await outcome.IsRightAsync(load);
        Assert.Equal(worker.Name, await outcome.TextAsync("select string_agg(distinct owner, ',') from stream_offsets"));
        Assert.DoesNotContain("Consuming", web.Output);
    }

    [Fact]
    public async Task Two_first_starts_at_once_on_an_empty_database_both_come_up()
    {
        await using var server = await TestDatabaseServer.StartOwnAsync();
        await using (var admin =
            new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.AdminConnectionString) { Pooling = false }.ConnectionString))
        {
            await admin.OpenAsync();
            await using var create = new NpgsqlCommand("create database fresh owner tandem", admin);
            await create.ExecuteNonQueryAsync();
        }
        var url = server.Url.Replace("/tandem?", "/fresh?", StringComparison.Ordinal);
        if (url == server.Url) url = server.Url[..server.Url.LastIndexOf('/')] + "/fresh";
        await using var first = AppProcess.Start(url, worker: true);
        await using var second = AppProcess.Start(url, worker: true);
        await Task.WhenAll(first.ReadyAsync(), second.ReadyAsync());
        using var posted = await first.Http.PostAsJsonAsync("/ingest/readings",
            new { readings = new[] { new { buildingId = "h", ts = 1767225600000, watts = 1 } } });
        Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await second.Http.GetAsync("/api/buildings/h/readings")).StatusCode);
    }
}
