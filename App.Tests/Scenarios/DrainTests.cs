using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using App.Development.Embedded;
using App.Tests.Fixtures;

namespace App.Tests.Scenarios;

/// <summary>An end that is asked for is an orderly one.</summary>
public sealed class DrainTests
{
    private const string Body = """{"readings":[{"buildingId":"h","ts":1767225600000,"watts":42}]}""";

    [Fact]
    public async Task On_SIGTERM_requests_in_flight_are_answered_and_leases_are_given_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var outcome = new Outcome(database.ConnectionString);
        await using var app = await AppProcess.StartReadyAsync(database.Url, worker: true);
        await outcome.OwnedByAsync(app.Name);
        await app.WroteAsync("Acquired leader lease");
        using var request = await RequestInFlight.BeginAsync(app, Body);
        app.Signal(AppProcess.Terminate);
        await app.WroteAsync("Draining");
        Assert.StartsWith("HTTP/1.1 202 ", await request.CompleteAsync());
        Assert.Equal(0, await app.ExitAsync());
        Assert.Contains("Drained", app.Output);
        Assert.Equal("0 0 0",
            await outcome.TextAsync(
                "select (select count(*) from stream_offsets where owner is not null) || ' ' || (select count(*) "
                + "from stream_members) || ' ' || (select count(*) from leases where expires_at > clock_timestamp())"));
        Assert.Equal("1", await outcome.TextAsync("select sum(head) from stream_shards"));
    }

    [Fact]
    public async Task A_request_that_never_ends_does_not_keep_the_process_beyond_DRAIN_SECONDS()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var outcome = new Outcome(database.ConnectionString);
        await using var app = await AppProcess.StartReadyAsync(database.Url, worker: true, ("DRAIN_SECONDS", "5"));
        await outcome.OwnedByAsync(app.Name);
        using var request = await RequestInFlight.BeginAsync(app, Body);
        app.Signal(AppProcess.Terminate);
        await app.WroteAsync("Draining");
        // Less than without the variable.
        Assert.Equal(0, await app.ExitAsync(23));
        Assert.Contains("Drained", app.Output);
        Assert.Equal("0", await outcome.TextAsync("select count(*) from stream_offsets where owner is not null"));
    }

    [Fact]
    public async Task With_the_embedded_database_Ctrl_C_stops_everything_and_the_next_start_continues()
    {
        using var folder = TestFolder.Create();
        string link;
        await using (var app = AppProcess.Start(null, worker: true, folder.Path))
        {
            await app.WroteAsync("?key=");
            link = KeyOf(app);
            await app.ReadyAsync(link);
            using var posted = await app.Http.PostAsync("/ingest/readings", new StringContent(Body, Encoding.UTF8, "application/json"));
            Assert.Equal(HttpStatusCode.Accepted, posted.StatusCode);
            app.Signal(Posix.Interrupt);
            Assert.Equal(0, await app.ExitAsync());
            Assert.Contains("Drained", app.Output);
        }
        Assert.Empty(
            Directory.EnumerateFiles(folder.Path, "postmaster.pid",
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }));

        await using var again = AppProcess.Start(null, worker: true, folder.Path);
        await again.WroteAsync("?key=");
        Assert.Equal(link, KeyOf(again));
        await again.ReadyAsync(link);
        var readings = await again.Http.GetFromJsonAsync<JsonElement>("/api/buildings/h/readings");
        Assert.Equal(42, readings.GetProperty("readings")[0].GetProperty("watts").GetDouble());
        again.Signal(Posix.Interrupt);
        Assert.Equal(0, await again.ExitAsync());
    }

    private static string KeyOf(AppProcess app) =>
        Regex.Match(app.Output, @"\?key=(?<key>\S+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["key"].Value;
}
