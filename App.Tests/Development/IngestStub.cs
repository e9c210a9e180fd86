using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace App.Tests.Development;

/// <summary>The far side of the ingest protocol: answers as told, and keeps what it has acknowledged.</summary>
internal sealed class IngestStub : IAsyncDisposable
{
    private readonly WebApplication app;

    private IngestStub(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.Single());

    /// <summary>Consulted before each answer: true when it has answered itself.</summary>
    public Func<HttpContext, bool> Answer { get; set; } = _ => false;

    /// <summary>Size of each acknowledged request.</summary>
    public ConcurrentQueue<int> Batches { get; } = [];

    /// <summary>Acknowledged readings in order.</summary>
    public ConcurrentQueue<(string Building, DateTimeOffset Time, double Watts)> Readings { get; } = [];

    public static async Task<IngestStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var stub = new IngestStub(builder.Build());
        stub.app.MapPost("/ingest/readings", stub.TakeAsync);
        await stub.app.StartAsync(CancellationToken.None);
        return stub;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        if (Answer(context)) return;
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var readings = body.RootElement.GetProperty("readings");
        foreach (var reading in readings.EnumerateArray())
            Readings.Enqueue((
                reading.GetProperty("buildingId").GetString()!,
                DateTimeOffset.FromUnixTimeMilliseconds(reading.GetProperty("ts").GetInt64()),
                reading.GetProperty("watts").GetDouble()));
        Batches.Enqueue(readings.GetArrayLength());
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }
}
