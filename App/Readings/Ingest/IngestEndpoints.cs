using System.Buffers;
using System.Globalization;
using System.Text.Json;
using App.Platform.Auth;
using App.Platform.Http;
using App.Platform.Observability;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Readings.Ingest;

/// <summary><c>POST /ingest/readings</c> (JSON, NDJSON) and <c>POST /api/v2/write</c> (InfluxDB line protocol), gzip or not.</summary>
internal sealed class IngestEndpoints(GroupCommit commit, IngestGate gate, SeriesNames names, TimeProvider time)
{
    /// <summary>Maps them.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/ingest/readings", (Delegate)PostReadingsAsync).RequireScope(Scopes.Ingest).WithTags("readings")
            .WithDescription("JSON {\"readings\":[{\"buildingId\",\"meter\",\"ts\",\"watts\"}]} or NDJSON, gzip accepted. All or nothing; answered when durable.")
            .Accepts<object>("application/json", "application/x-ndjson").Produces(StatusCodes.Status202Accepted).ProducesProblem(422);
        routes.MapPost("/api/v2/write", (Delegate)WriteAsync).RequireScope(Scopes.Ingest).WithTags("readings")
            .WithDescription("InfluxDB line protocol; Authorization: Token <key>. Tags building and meter, field watts, power or value.")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(422);
        routes.MapMethods("/ping", ["GET", "HEAD"], () => TypedResults.NoContent()).ExcludeFromDescription();
    }

    private async Task<IResult> PostReadingsAsync(HttpContext context)
    {
        var type = context.Request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();
        var lines = type is "application/x-ndjson" or "application/ndjson" or "application/jsonl" or "application/x-jsonlines";
        if (!lines && type is not "application/json")
            return Problems.Of(StatusCodes.Status415UnsupportedMediaType, "The content type is not taken.",
                new FieldError("Content-Type", context.Request.ContentType, "send application/json, or application/x-ndjson for one item a line"));

        var batch = NewBatch(context);
        var parser = new JsonReadings(batch, lines);
        return await ReceiveAsync(context, batch, parser.Parse, () => parser.Where, stored => TypedResults.Json(
            new { accepted = stored.Accepted, stored = stored.Stored }, statusCode: StatusCodes.Status202Accepted));
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
        var protocol = new LineProtocol(batch, bucket.Length > 0 ? bucket : null, unit.Value.TicksPerMillisecond, unit.Value.SecondsPerTick, time.GetUtcNow().ToUnixTimeMilliseconds());
        return await ReceiveAsync(context, batch, (in buffer, isLast) => TakeLines(protocol, buffer, isLast), () => "body", _ => TypedResults.NoContent(), emptyIsFine: true);
    }

    private ReadingBatch NewBatch(HttpContext context)
    {
        var organization = context.User.Organization();
        return new ReadingBatch(names.Of(organization), organization, (time.GetUtcNow() + ReadingLimits.MaxAhead).ToUnixTimeMilliseconds());
    }

    private async Task<IResult> ReceiveAsync(
        HttpContext context, ReadingBatch batch, ConsumeBody consume, Func<string> where, Func<Ingested, IResult> answer, bool emptyIsFine = false)
    {
        using (var room = gate.TryEnter(context.Request))
        {
            if (room is null) return TooBusy(context);
            try
            {
                if (await IngestBody.ReadAsync(context.Request, consume, context.RequestAborted) is { } problem) return problem;
            }
            catch (JsonException e)
            {
                return Problems.Of(StatusCodes.Status400BadRequest, "The body is not valid JSON of the expected shape.",
                    new FieldError(where(), null, $"{e.Message} (NaN and Infinity are no JSON numbers; nothing was stored)"));
            }
        }
        if (batch.ErrorCount > 0) return Refused(batch);
        if (batch.Items.Count > 0) return answer(await commit.AppendAsync(batch));
        return emptyIsFine ? answer(default) : Problems.Unprocessable(new FieldError("readings", "[]", "send at least one reading"));
    }

    private static SequencePosition TakeLines(LineProtocol protocol, in ReadOnlySequence<byte> buffer, bool isLast)
    {
        var reader = new SequenceReader<byte>(buffer);
        while (reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n')) Take(protocol, line);
        if (!isLast) return reader.Position;
        Take(protocol, buffer.Slice(reader.Position));
        return buffer.End;
    }

    private static void Take(LineProtocol protocol, in ReadOnlySequence<byte> line) => protocol.Take(line.IsSingleSegment ? line.FirstSpan : line.ToArray());

    private static ProblemHttpResult Refused(ReadingBatch batch)
    {
        var title = string.Create(CultureInfo.InvariantCulture, $"{batch.ErrorCount} faults in {batch.Count} readings: nothing was stored.");
        var first = batch.Errors[0];
        return TypedResults.Problem(title: title, statusCode: StatusCodes.Status422UnprocessableEntity, extensions:
        [
            new("errors", batch.Errors),
            new("errorCount", batch.ErrorCount),
            // What InfluxDB's clients show.
            new("message", $"{first.Field} is '{first.Value}': {first.Cure}"),
        ]);
    }

    private static ProblemHttpResult TooBusy(HttpContext context)
    {
        Telemetry.IngestRefused.Add(1);
        context.Response.Headers.RetryAfter = "1";
        return Problems.Of(StatusCodes.Status429TooManyRequests, "Readings arrive faster than they can be stored: send them again after a second.");
    }
}
