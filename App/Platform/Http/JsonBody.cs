using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Platform.Http;

/// <summary>Reads a request's JSON, or says what is wrong with it.</summary>
internal static class JsonBody
{
    /// <summary>The body; the problem is null when it can be read.</summary>
    public static async Task<(JsonElement Body, ProblemHttpResult? Problem)> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (!request.HasJsonContentType())
            return (default, Problems.Of(StatusCodes.Status415UnsupportedMediaType, "The body is of a kind that is not taken here.",
                new FieldError("Content-Type", request.ContentType, "send application/json")));
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, ct);
        try
        {
            var body = StrictJson.Parse(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
            return body.ValueKind == JsonValueKind.Object ? (body, null) : (default, Bad("It is no object."));
        }
        catch (JsonException e)
        {
            return (default, Bad(e.Message));
        }
    }

    private static ProblemHttpResult Bad(string fault) =>
        Problems.Of(StatusCodes.Status400BadRequest, "The request body is not JSON as it is taken here.",
            new FieldError("body", null, fault));
}
