using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Energy.Readings.Ingest;

/// <summary>Consumes a part of a body and answers how far it came.</summary>
internal delegate SequencePosition ConsumeBody(in ReadOnlySequence<byte> buffer, bool isLast);

/// <summary>Reads a request's body as it arrives, unpacked where it is gzip, within bounds.</summary>
internal static class IngestBody
{
    // No id, number or name is nearly as long: whatever does not end within this is no reading.
    private const int LongestToken = 1024 * 1024;
    private static readonly StreamPipeReaderOptions Unpacking = new(bufferSize: 64 * 1024, leaveOpen: true);

    /// <summary>Feeds the body to a parser.</summary>
    /// <returns>A problem, or null when the whole body was consumed.</returns>
    public static async Task<ProblemHttpResult?> ReadAsync(HttpRequest request, ConsumeBody consume, CancellationToken ct)
    {
        var encoding = request.Headers.ContentEncoding.ToString().Trim().ToLowerInvariant();
        if (encoding is not ("" or "identity" or "gzip" or "x-gzip"))
            return Problems.Of(StatusCodes.Status415UnsupportedMediaType, "The content encoding is not taken.",
                new FieldError("Content-Encoding", Problems.Shorten(encoding), "send gzip, or no encoding"));
        if (encoding is "" or "identity") return await FeedAsync(request.BodyReader, consume, ct);

        await using var unpacked = new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true);
        var pipe = PipeReader.Create(unpacked, Unpacking);
        try
        {
            return await FeedAsync(pipe, consume, ct);
        }
        catch (InvalidDataException e)
        {
            return Problems.Of(StatusCodes.Status400BadRequest, "The body is no complete gzip stream.",
                new FieldError("body", null, $"send the whole output of gzip, or no Content-Encoding ({e.Message})"));
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    private static async Task<ProblemHttpResult?> FeedAsync(PipeReader pipe, ConsumeBody consume, CancellationToken ct)
    {
        long total = 0;
        while (true)
        {
            var result = await pipe.ReadAsync(ct);
            var buffer = result.Buffer;
            // Unless told otherwise the rest is passed over: a connection whose body was left half read cannot go on.
            var position = buffer.End;
            try
            {
                position = consume(buffer, result.IsCompleted);
                var unread = buffer.Slice(position).Length;
                total += buffer.Length - unread;
                if (total + unread > ReadingLimits.MaxUnpackedBytes)
                    return Problems.Of(StatusCodes.Status413PayloadTooLarge, "The body is too large.",
                        new FieldError("body", null, $"send at most {ReadingLimits.MaxUnpackedBytes / 1024 / 1024} MB unpacked a request"));
                if (result.IsCompleted) return null;
                if (unread > LongestToken)
                    return Problems.Of(StatusCodes.Status400BadRequest, "The body cannot be read.",
                        new FieldError("body", null, "send no name, text, line or run of blanks of more than 1 MB"));
            }
            finally
            {
                pipe.AdvanceTo(position, buffer.End);
            }
        }
    }
}
