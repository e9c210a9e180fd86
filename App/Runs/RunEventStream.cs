using System.Globalization;
using System.Text;
using System.Text.Json;
using App.Platform.Auth;
using App.Platform.Database;
using App.Platform.Http;
using App.Runs.Execution;
using Microsoft.EntityFrameworkCore;

namespace App.Runs;

/// <summary>
/// <c>GET /api/runs/{id}/events</c>: what happens to a run, as server-sent events. Whoever comes again with
/// <c>Last-Event-ID</c> gets what followed; the stream ends when the run has.
/// </summary>
internal static class RunEventStream
{
    private const int MostStreams = 500;
    private const int AtOnce = 500;

    // For changes whose notification was lost.
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    // What stands between may close a connection on which nothing comes, and a reader that is gone shows only on a write.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);
    private static int open;

    /// <summary>Maps it.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/runs/{id}/events", GetAsync).RequireScope(Scopes.Read).WithTags("runs").Refuses(404, 422)
            .Describe("streamRunEvents", "What happens to a run, as it happens",
                "Server-sent events `run` and `step`, each with `runId`, `step`, `status`, `attempt` and `at`; the stream ends when the "
                + "run has.")
            .PathParameter("id", "The run's id.")
            .HeaderParameter("Last-Event-ID", "The last event that the caller has: those behind it follow.")
            .AnswersText("text/event-stream",
                "id: 1\nevent: run\n"
                + "data: {\"runId\":\"019ad0a2-7a3e-7c51-9d2f-1f6d1b0c4e55\",\"step\":null,"
                + "\"status\":\"running\",\"attempt\":null,\"at\":\"2026-11-29T08:00:00Z\"}\n\n");

    private static async Task<IResult> GetAsync(
        string id, HttpContext context, AppDbContext db, RunSignals signals, TimeProvider time, IHostApplicationLifetime lifetime,
        CancellationToken ct)
    {
        var text = context.Request.Headers["Last-Event-ID"].ToString();
        var last = 0;
        if (text.Length > 0 && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out last))
            return Problems.Unprocessable(new FieldError("Last-Event-ID", Problems.Shorten(text),
                "send the id of the last event that you have, or leave it out"));
        if (await RunEndpoints.FindAsync(db, context, id, ct) is not { } run) return Problems.NotFound("run", id);
        try
        {
            if (Interlocked.Increment(ref open) > MostStreams)
            {
                context.Response.Headers.RetryAfter = "5";
                return Problems.Of(StatusCodes.Status503ServiceUnavailable,
                    $"This process already streams to {MostStreams} readers: try again after a few seconds.");
            }
            // A drain does not wait for streams: their readers come again, to another process.
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
            await StreamAsync(run.Id, last, context.Response, db, signals, time, ending.Token);
            return TypedResults.Empty;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return TypedResults.Empty;
        }
        finally
        {
            Interlocked.Decrement(ref open);
            signals.Pulse(run.Id);
        }
    }

    private static async Task StreamAsync(Guid run, int last, HttpResponse response, AppDbContext db, RunSignals signals, TimeProvider time,
        CancellationToken ct)
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        // Proxies such as nginx would gather what is meant to arrive at once.
        response.Headers["X-Accel-Buffering"] = "no";
        await response.Body.FlushAsync(ct);

        var (began, written) = (time.GetTimestamp(), time.GetTimestamp());
        while (time.GetElapsedTime(began) < Longest)
        {
            var next = signals.Next(run);
            // The status before the events: if the run had ended by then, its last event is among those that are read next.
            var status = await db.Set<Run>().AsNoTracking().Where(r => r.Id == run).Select(r => r.Status).SingleOrDefaultAsync(ct);
            var events = await db.Set<RunEvent>()
                .AsNoTracking().Where(e => e.RunId == run && e.Id > last).OrderBy(e => e.Id).Take(AtOnce).ToListAsync(ct);
            if (events.Count > 0 || time.GetElapsedTime(written) > Heartbeat)
            {
                await WriteAsync(response, events, ct);
                written = time.GetTimestamp();
            }
            if (events.Count > 0) last = events[^1].Id;
            if (events.Count == AtOnce) continue;
            if (status is null || RunState.IsEnded(status)) return;
            await next.WaitAsync(Poll, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ct.ThrowIfCancellationRequested();
        }
    }

    private static async Task WriteAsync(HttpResponse response, List<RunEvent> events, CancellationToken ct)
    {
        var text = new StringBuilder();
        foreach (var e in events)
        {
            var data = JsonSerializer.Serialize(
                new { runId = e.RunId, step = e.Step, status = e.Status, attempt = e.Attempt, at = e.At.UtcDateTime },
                JsonSerializerOptions.Web);
            text.Append(CultureInfo.InvariantCulture, $"id: {e.Id}\nevent: {(e.Step is null ? "run" : "step")}\ndata: {data}\n\n");
        }
        if (events.Count == 0) text.Append(": still here\n\n");
        await response.WriteAsync(text.ToString(), ct);
        await response.Body.FlushAsync(ct);
    }
}
