using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Platform.Database;
using App.Tests.Fixtures;
using App.Tests.Runs;
using Npgsql;
using Xunit.Abstractions;

namespace App.Tests.Scenarios;

/// <summary>
/// The database runs but lets nobody in: both roles wait for it, say why they are not ready, and go on when they are let in again.
/// </summary>
public sealed class RefusedLoginTests(RefusedLoginTests.Product product, ITestOutputHelper report)
: IClassFixture<RefusedLoginTests.Product>
{
    // Docs promise 5 s; this is what a machine that is several times slower still keeps.
    private const double ResumeSeconds = 30;

    /// <summary>One web and one worker process on a PostgreSQL of their own, for all cases.</summary>
    public sealed class Product : IAsyncLifetime
    {
        internal TestDatabaseServer Server { get; private set; } = null!;

        internal AppProcess Web { get; private set; } = null!;

        internal AppProcess Worker { get; private set; } = null!;

        /// <summary>Looks at the product's database as the superuser, whom nobody refuses.</summary>
        internal Outcome Outcome { get; private set; } = null!;

        internal AppProcess[] Both => [Web, Worker];

        /// <inheritdoc/>
        public async Task InitializeAsync()
        {
            Server = await TestDatabaseServer.StartOwnAsync();
            Outcome = new Outcome(
                new NpgsqlConnectionStringBuilder(Server.AdminConnectionString)
                {
                    Database = TestDatabaseServer.Role,
                    Pooling = false
                }.ConnectionString);
            Web = await AppProcess.StartReadyAsync(Server.Url, worker: false);
            Worker = await AppProcess.StartReadyAsync(Server.Url, worker: true);
        }

        /// <inheritdoc/>
        public async Task DisposeAsync()
        {
            await Worker.DisposeAsync();
            await Web.DisposeAsync();
            await Outcome.DisposeAsync();
            await Server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(31, "role no login", "role \"tandem\" is not permitted to log in", "28000")]
    [InlineData(32, "role password 'another'", "password authentication failed for user \"tandem\"", "28P01")]
    [InlineData(33, "role connection limit 0", "too many connections for role \"tandem\"", "53300")]
    [InlineData(34, "database allow_connections false", "database \"tandem\" is not currently accepting connections", "55000")]
    public async Task A_database_that_refuses_is_waited_for(int seed, string refusal, string reason, string state)
    {
        Assert.All(product.Both, process => Assert.False(process.HasExited, process.Output));
        var (refuse, mend) = Statements(refusal);
        var load = Load.Start(product.Web.Http, seed: seed, count: 3, pauseMs: 5);
        await load.AcceptMoreAsync(50);
        await product.Server.AdministerAsync(refuse, TestDatabaseServer.EndSessions);

        foreach (var process in product.Both)
        {
            await Poll.UntilAsync($"{process.Name} says why it is not ready",
                async () => (await ReadinessAsync(process)).Contains(reason, StringComparison.Ordinal), whatElse: () => process.Output);
            // Its hosted services have met the refusal as well.
            await process.WroteAsync($"Listening for notifications (polling goes on) failed and is tried again until it succeeds: {state}");
            Assert.Equal(200, await process.StatusAsync("/healthz"));
            Assert.Equal(503, await process.StatusAsync("/health"));
        }
        await product.Worker.WroteAsync($"Leading failed and is tried again until it succeeds: {state}");
        var refused = load.Answers(503);
        await Poll.UntilAsync("requests are answered 503", () => Task.FromResult(load.Answers(503) > refused),
            whatElse: () => load.Summary);

        await product.Server.AdministerAsync(mend);
        var mended = TimeProvider.System.GetTimestamp();
        await Poll.UntilAsync("both are ready again",
            async () => await product.Web.StatusAsync("/health/ready") == 200 && await product.Worker.StatusAsync("/health/ready") == 200);
        await product.Web.Http.UntilAsync(await StartRunAsync(), "succeeded");
        await load.AcceptMoreAsync(1);
        var resumed = TimeProvider.System.GetElapsedTime(mended).TotalSeconds;
        report.WriteLine($"Readings were accepted and a run was done {resumed:F1} s after the database let them in again.");
        Assert.InRange(resumed, 0, ResumeSeconds);

        await load.AcceptMoreAsync(50);
        await load.StopAsync();
        report.WriteLine($"Answers: {load.Summary}.");
        Assert.Equal(0, load.Answers(0));
        await product.Outcome.IsRightAsync(load);
        Assert.All(product.Both, process => Assert.False(process.HasExited));
    }

    [Fact]
    public async Task A_process_that_is_told_to_stop_while_it_is_refused_drains()
    {
        await using var worker = await AppProcess.StartReadyAsync(product.Server.Url, worker: true);
        await worker.WroteAsync("Registered as job worker");
        var (refuse, mend) = Statements("role no login");
        await product.Server.AdministerAsync(refuse, TestDatabaseServer.EndSessions);
        await worker.WroteAsync("Leading failed and is tried again until it succeeds: 28000");
        worker.Signal(ChildProcess.Terminate);
        Assert.Equal(0, await worker.ExitAsync());
        Assert.Contains("Drained", worker.Output, StringComparison.Ordinal);
        await product.Server.AdministerAsync(mend);
    }

    private (string Refuse, string Mend) Statements(string refusal) => refusal switch
    {
        "role no login" => ("alter role tandem nologin", "alter role tandem login"),
        "role password 'another'" => ("alter role tandem password 'another'", $"alter role tandem password '{Password}'"),
        "role connection limit 0" => ("alter role tandem connection limit 0", "alter role tandem connection limit -1"),
        _ => ("alter database tandem allow_connections false", "alter database tandem allow_connections true"),
    };

    private string Password => new NpgsqlConnectionStringBuilder(DatabaseUrl.Parse(product.Server.Url).ConnectionString).Password!;

    private static async Task<string> ReadinessAsync(AppProcess process)
    {
        using var response = await process.Http.GetAsync("/health/ready");
        if (response.StatusCode == HttpStatusCode.OK) return "";
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString()!;
    }

    private Task<string> StartRunAsync() =>
        product.Web.Http.StartRunAsync(RunClient.Step("a", "transform", new { template = new { n = 1 } }));
}
