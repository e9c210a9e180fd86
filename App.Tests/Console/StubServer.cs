using System.Collections.Concurrent;
using System.Globalization;
using App.Development;
using App.Engines.Background;
using App.Platform;
using App.Platform.Auth;
using App.Platform.Configuration;
using App.Platform.Observability;
using App.Platform.Serving;
using App.Tests.Fixtures;
using App.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace App.Tests.WebConsole;

/// <summary>
/// The console on the real platform (keys, limits, problems, health, a real database) over HTTP; only the data calls of
/// the contract are answered from <see cref="Houses"/>, so that a test can put anything on the page.
/// </summary>
public sealed class StubServer : IAsyncLifetime, IAsyncDisposable
{
    /// <summary>A key with all scopes.</summary>
    public const string Key = "a-key-of-the-console-tests";

    private TestDatabase? database;
    private DatabaseServer? prepared;
    private WebApplication? app;

    /// <summary>What the data calls answer.</summary>
    public ConcurrentQueue<StubHouse> Houses { get; } = [];

    /// <summary>While set, every data call fails as if the database were away.</summary>
    public bool Away { get; set; }

    /// <summary>Where it listens, without a slash at the end.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Its services.</summary>
    public IServiceProvider Services => app!.Services;

    /// <summary>The time that the page's browser sees as well.</summary>
    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        var variables =
            Variables.Of(new Dictionary<string, string?> { ["DATABASE_URL"] = database.Url, ["ADMIN_API_KEY"] = Key, ["PORT"] = "0" });
        var options = PlatformOptions.Read(variables);
        variables.ThrowIfInvalid();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        prepared = await DatabaseServer.PrepareAsync(options, EmbeddedPostgres.StartAsync, CancellationToken.None);
        RequestLog.Add(builder.Services, Serilog.Core.Logger.None);
        builder.Services.AddPlatform(options, prepared);
        new BackgroundModule().AddServices(builder.Services, variables);
        var console = new ConsoleModule();
        console.AddServices(builder.Services, variables);
        app = builder.Build();
        app.UsePlatform();
        console.MapEndpoints(app);
        MapData(app);
        await app.StartAsync(CancellationToken.None);
        Address = app.Urls.First();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
        if (prepared is not null) await prepared.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
        (app, prepared, database) = (null, null, null);
    }

    /// <inheritdoc/>
    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private void MapData(WebApplication routes)
    {
        var data = routes.MapGroup("/api").RequireScope(Scopes.Read).AddEndpointFilter(async (context, next) =>
            Away
                ? TypedResults.Problem(title: "The database does not answer: try again after a second.",
                    statusCode: StatusCodes.Status503ServiceUnavailable) : await next(context));
        data.MapGet("/buildings", () => new { buildings = Houses.Select(Building), next = (string?)null });
        data.MapGet("/buildings/{id}/readings", (string id, DateTimeOffset from, DateTimeOffset to, string meter, int? step) =>
            Find(id) is { } house
                ? Results.Ok(new { buildingId = id, readings = Means(house, from, to, meter, step ?? 1), next = (string?)null })
                : Results.NotFound());
        data.MapGet("/buildings/{id}/predictions", (string id, DateTimeOffset from, DateTimeOffset to, int limit, string? cursor) =>
        {
            if (Find(id) is not { } house) return Results.NotFound();
            var skip = cursor is null ? 0 : int.Parse(cursor, CultureInfo.InvariantCulture);
            var rows = house.Predictions.Where(p => p.Ts >= from && p.Ts < to).Skip(skip).ToList();
            return Results.Ok(new
            {
                buildingId = id,
                predictions = rows.Take(limit),
                next = rows.Count > limit ? (skip + limit).ToString(CultureInfo.InvariantCulture) : null
            });
        });
        data.MapGet("/pipeline", () => new { group = "disaggregation", lag = 3, shards = Enumerable.Range(0, 16).Select(Shard) });
    }

    private StubHouse? Find(string id) => Houses.FirstOrDefault(house => house.Id == id);

    private static object Building(StubHouse house) => new
    {
        buildingId = house.Id,
        createdAt = house.Readings.Min(reading => reading.Ts),
        lastReadingAt = house.Readings.Max(reading => reading.Ts),
        netNegative = house.Readings.Any(reading => reading.Watts < 0),
        meters = house.Readings.GroupBy(reading => reading.Meter).Select(meter => new
        {
            meter = meter.Key,
            netNegative = meter.Any(reading => reading.Watts < 0),
            lastReadingAt = meter.Max(reading => reading.Ts),
        }),
    };

    private static IEnumerable<StubReading> Means(StubHouse house, DateTimeOffset from, DateTimeOffset to, string meter, int step) =>
        house.Readings
        .Where(reading => reading.Meter == meter && reading.Ts >= from && reading.Ts < to)
        .GroupBy(reading => reading.Ts.ToUnixTimeSeconds() / step * step)
        .Select(bucket => new StubReading(meter, DateTimeOffset.FromUnixTimeSeconds(bucket.Key), bucket.Average(reading => reading.Watts)));

    private static object Shard(int shard) => new
    {
        shard,
        head = 4200 + shard,
        committed = 4200 + shard - (shard == 5 ? 3 : 0),
        lag = shard == 5 ? 3 : 0,
        owner = shard < 8 ? "worker-a/4711/9f02c1" : "worker-b/4712/77ab30",
        oldestUnreadSeconds = shard == 5 ? 0.4 : (double?)null,
    };
}
