using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace App.Engines.Models;

/// <summary>What a request to register a version carries.</summary>
/// <param name="Spec">What the model says of itself.</param>
/// <param name="Artifact">The ONNX file; null where it is to be fetched.</param>
/// <param name="Sha256">Hash that the artifact must have, lower-case hex, if given.</param>
internal sealed record ModelUpload(ModelSpec Spec, byte[]? Artifact, string? Sha256)
{
    private static readonly FormOptions FormOptions = new()
    {
        // The body is bounded as a whole by the endpoint.
        MultipartBodyLengthLimit = long.MaxValue,
        ValueLengthLimit = 1 << 20,
        ValueCountLimit = 8,
    };

    /// <summary>
    /// Reads a multipart form (<c>artifact</c>, <c>spec</c>, <c>sha256</c>) or a JSON object (<c>spec</c>, <c>artifactBase64</c>,
    /// <c>sha256</c>).
    /// </summary>
    /// <exception cref="InvalidModelException">A field is missing or wrong.</exception>
    public static async Task<ModelUpload> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var upload = request.HasFormContentType ? await ReadFormAsync(request, ct) : await ReadJsonAsync(request, ct);
        if (upload.Sha256 is { } hash && !(hash.Length == 64 && hash.All(char.IsAsciiHexDigitLower)))
            throw new InvalidModelException($"sha256 is '{hash}': give 64 hexadecimal digits.", "sha256");
        return upload;
    }

    private static async Task<ModelUpload> ReadFormAsync(HttpRequest request, CancellationToken ct)
    {
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(FormOptions, ct);
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw new InvalidModelException($"The multipart form cannot be read: {e.Message}", "body");
        }
        var spec = form["spec"].ToString();
        if (spec.Length == 0 && form.Files["spec"] is { } specFile)
        {
            if (specFile.Length > FormOptions.ValueLengthLimit) throw new InvalidModelException("spec is larger than 1 MB.", "spec");
            using var reader = new StreamReader(specFile.OpenReadStream());
            spec = await reader.ReadToEndAsync(ct);
        }
        if (spec.Length == 0) throw new InvalidModelException("The part spec is missing: send the model's spec as JSON.", "spec");
        var hash = form["sha256"].ToString().Trim().ToLowerInvariant();
        byte[]? artifact = null;
        if (form.Files["artifact"] is { } file)
        {
            await using var body = file.OpenReadStream();
            artifact = await ModelArtifacts.ReadAsync(body, "artifact", ct);
        }
        return new(ParseSpec(spec), artifact, hash.Length == 0 ? null : hash);
    }

    private static async Task<ModelUpload> ReadJsonAsync(HttpRequest request, CancellationToken ct)
    {
        try
        {
            var body = await request.ReadFromJsonAsync<ModelUploadRequest>(ct) ?? throw new InvalidModelException(
                "The body is null: send a JSON object.", "body");
            if (body.Spec.ValueKind != JsonValueKind.Object)
                throw new InvalidModelException("spec is missing or no object: send the model's spec.", "spec");
            return new(ParseSpec(body.Spec.GetRawText()), body.ArtifactBase64, body.Sha256?.Trim().ToLowerInvariant());
        }
        catch (JsonException e)
        {
            throw new InvalidModelException($"The body is no JSON of this call: {e.Message}",
                e.Path is { Length: > 2 } path ? path[2..] : "body");
        }
    }

    private static ModelSpec ParseSpec(string json)
    {
        try
        {
            var spec = ModelSpec.Parse(json);
            spec.Check();
            return spec;
        }
        catch (JsonException e)
        {
            throw new InvalidModelException($"It is no spec: {e.Message}", e.Path is { Length: > 2 } path ? "spec." + path[2..] : "spec");
        }
    }
}
