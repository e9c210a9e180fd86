using System.Buffers;
using System.Globalization;
using System.Text.Unicode;
using App.Platform.Auth;
using App.Platform.Http;
using App.Platform.Serving;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Energy.Readings.Ingest;

/// <summary><c>POST /ingest/readings</c> (JSON, NDJSON) and <c>POST /api/v2/write</c> (InfluxDB line protocol), gzip or not.</summary>
internal sealed class IngestEndpoints(GroupCommit commit, IngestGate gate, SeriesNames names, IngestMetrics metrics, TimeProvider time)
{
    private static readonly string[] Precisions = ["ns", "us", "ms", "s"];

    /// <summary>Maps them.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/ingest/readings", (Delegate)PostReadingsAsync)
            .RequireScope(Scopes.Ingest).DisableRateLimiting().WithTags("readings")
            .Describe("postReadings", "Send readings",
                "JSON, or NDJSON (one item a line), gzip accepted. All or nothing; answered when durable. The same building, meter and "
                + "time with other watts replaces.")
            .Takes<IngestRequest>()
            .TakesText("application/x-ndjson", "{\"buildingId\":\"h1\",\"ts\":\"2026-11-29T08:00:00Z\",\"watts\":123.4}\n")
            .Produces<IngestAnswer>(StatusCodes.Status202Accepted);
        routes.MapPost("/api/v2/write", (Delegate)WriteAsync).RequireScope(Scopes.Ingest).DisableRateLimiting().WithTags("readings")
            .Describe("writeLineProtocol", "Send readings as InfluxDB line protocol",
                "For Telegraf, Home Assistant and other clients of InfluxDB; they send `Authorization: Token <key>`. Tags `building` "
                + "and `meter`, field `watts`, `power` or `value`.")
            .QueryParameter("precision", "Unit of the timestamps.", Precisions)
            .QueryParameter("bucket", "The building of lines without the tag `building`.")
            .TakesText("text/plain", "power,building=h1,meter=mains watts=131.5 1795219220000000000\n")
            .Produces(StatusCodes.Status204NoContent);
        routes.MapMethods("/ping", ["GET", "HEAD"], () => TypedResults.NoContent()).ExcludeFromDescription();
    }

    private async Task<IResult> PostReadingsAsync(HttpContext context)
    {
        var type = context.Request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
        var lines = type is "application/x-ndjson" or "application/ndjson" or "application/jsonl" or "application/x-jsonlines";
        if (!lines && type is not "application/json")
            return Problems.Of(StatusCodes.Status415UnsupportedMediaType, "The content type is not taken.",
                new FieldError("Content-Type", context.Request.ContentType,
                    "send application/json, or application/x-ndjson for one item a line"));

        var batch = NewBatch(context);
        var parser = new JsonReadings(batch, lines);
        return await ReceiveAsync(context, batch, parser.Parse, stored => new Accepted(stored));
    }

    // {"accepted":n,"stored":m}, written by hand: it is the answer that is given most.
    private sealed class Accepted(Ingested ingested) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            Span<byte> json = stackalloc byte[64];
            Utf8.TryWrite(json, CultureInfo.InvariantCulture, $"{{\"accepted\":{ingested.Accepted},\"stored\":{ingested.Stored}}}",
                out var length);
            var response = httpContext.Response;
            response.StatusCode = StatusCodes.Status202Accepted;
            response.ContentType = "application/json; charset=utf-8";
            response.ContentLength = length;
            response.BodyWriter.Write(json[..length]);
            return response.BodyWriter.FlushAsync(httpContext.RequestAborted).AsTask();
        }
    }

    private async Task<IResult> WriteAsync(HttpContext context)
    {
        var precision = context.Request.Query["precision"].ToString();
        (long TicksPerMillisecond, int SecondsPerTick)? unit = precision switch
        {
            "" or "ns" => (1_000_000, 0),
            "us" or "u" => (1_000, 0),
            "ms" => (1, 0),
            "s" => (1, 1),
            _ => null,
        };
        if (unit is null) return Problems.Unprocessable(new FieldError("precision", Problems.Shorten(precision), "use ns, us, ms or s"));

        var batch = NewBatch(context);
        var bucket = context.Request.Query["bucket"].ToString();
        var protocol = new LineProtocol(batch, bucket.Length > 0 ? bucket : null, unit.Value.TicksPerMillisecond, unit.Value.SecondsPerTick,
            time.GetUtcNow().ToUnixTimeMilliseconds());
        return await ReceiveAsync(context, batch, (in buffer, isLast) => TakeLines(protocol, buffer, isLast), _ => TypedResults.NoContent(),
            emptyIsFine: true);
    }

    private ReadingBatch NewBatch(HttpContext context)
    {
        var organization = context.User.Organization();
        return new ReadingBatch(names.Of(organization), organization, (time.GetUtcNow() + ReadingLimits.MaxAhead).ToUnixTimeMilliseconds());
    }

    private async Task<IResult> ReceiveAsync(
        HttpContext context, ReadingBatch batch, ConsumeBody consume, Func<Ingested, IResult> answer, bool emptyIsFine = false)
    {
        // Said before there is any question of room: this body will never be taken.
        if (context.Request.ContentLength is { } length and > Listening.MaxBodyBytes)
            return Problems.Of(StatusCodes.Status413PayloadTooLarge, "The body is too large.",
                new FieldError("Content-Length", length.ToString(CultureInfo.InvariantCulture),
                    $"send at most {Listening.MaxBodyBytes / 1024 / 1024} MB a request, packed or not"));
        using (var room = gate.TryEnter(context.Request))
        {
            if (room is null) return TooBusy(context);
            try
            {
                if (await IngestBody.ReadAsync(context.Request, consume, context.RequestAborted) is { } problem) return problem;
            }
            catch (UnreadableBodyException e)
            {
                return Problems.Of(StatusCodes.Status400BadRequest, "The body cannot be read as readings: nothing was stored.", e.Fault);
            }
        }
        if (batch.ErrorCount > 0) return Refused(batch);
        // Asked again, since many bodies may have been read meanwhile.
        if (commit.IsFull) return TooBusy(context);
        if (batch.Items.Count > 0) return answer(await commit.AppendAsync(batch));
        return emptyIsFine ? answer(default) : Problems.Unprocessable(new FieldError("readings", "[]", "send at least one reading"));
    }

    private static SequencePosition TakeLines(LineProtocol protocol, in ReadOnlySequence<byte> buffer, bool isLast)
    {
        var text = buffer.IsSingleSegment ? buffer.FirstSpan : buffer.ToArray();
        var taken = LineProtocol.Blanks(text);
        for (int end; (end = LineProtocol.EndOfLine(text[taken..])) >= 0; taken += LineProtocol.Blanks(text[taken..]))
        {
            protocol.Take(text.Slice(taken, end));
            taken += end;
        }
        if (!isLast) return buffer.GetPosition(taken);
        protocol.Take(text[taken..]);
        return buffer.End;
    }

    private static ProblemHttpResult Refused(ReadingBatch batch)
    {
        var title = batch.ErrorCount == 1
            ? "A value is not acceptable: nothing was stored."
            : string.Create(CultureInfo.InvariantCulture, $"{batch.ErrorCount} values are not acceptable: nothing was stored.");
        var first = batch.Errors[0];
        return TypedResults.Problem(title: title, statusCode: StatusCodes.Status422UnprocessableEntity, extensions:
        [
            new("errors", batch.Errors),
            new("errorCount", batch.ErrorCount),
            // What InfluxDB's clients show.
            new("message", first.Value is null ? $"{first.Field}: {first.Cure}" : $"{first.Field} is '{first.Value}': {first.Cure}"),
        ]);
    }

    private ProblemHttpResult TooBusy(HttpContext context)
    {
        metrics.Refused();
        context.Response.Headers.RetryAfter = "1";
        return Problems.Of(StatusCodes.Status429TooManyRequests,
            "Readings arrive faster than they can be stored: send them again after a second.");
    }
}
