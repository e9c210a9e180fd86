using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace App.Tests.Fixtures;

/// <summary>A request as the far side saw it.</summary>
internal sealed record SeenRequest(string Method, string Path, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>The far side of the internet on loopback: answers as told, and keeps what it has seen.</summary>
internal sealed class HttpStub : IAsyncDisposable
{
    private readonly WebApplication app;

    private HttpStub(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.Single());

    /// <summary>Answers; the number counts requests to the same path from 1.</summary>
    public Func<SeenRequest, int, HttpContext, Task> Answer { get; set; } = (_, _, _) => Task.CompletedTask;

    public ConcurrentQueue<SeenRequest> Requests { get; } = [];

    public static async Task<HttpStub> StartAsync(string address = "127.0.0.1")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{address}:0");
        var stub = new HttpStub(builder.Build());
        stub.app.Run(stub.TakeAsync);
        await stub.app.StartAsync(CancellationToken.None);
        return stub;
    }

    /// <summary>Answers with JSON.</summary>
    public static Task JsonAsync(HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    /// <summary>What a path was sent.</summary>
    public IReadOnlyList<SeenRequest> At(string path) => [.. Requests.Where(request => request.Path == path)];

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var seen = new SeenRequest(context.Request.Method, context.Request.Path, await reader.ReadToEndAsync(context.RequestAborted),
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(),
                StringComparer.OrdinalIgnoreCase));
        Requests.Enqueue(seen);
        await Answer(seen, At(seen.Path).Count, context);
    }
}
