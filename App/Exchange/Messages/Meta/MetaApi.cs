using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;

namespace App.Exchange.Messages.Meta;

/// <summary>An error as Meta's APIs answer it.</summary>
/// <param name="Code">What tells errors apart.</param>
/// <param name="Message">In words, with its details.</param>
internal sealed record MetaError(int Code, string Message);

/// <summary>Calls Meta's APIs. Their address is the operator's, so it may be private.</summary>
internal sealed class MetaApi(MetaOptions options, TimeProvider time) : IDisposable
{
    // Of a batch of thousands each item may have its errors.
    private const int MostAnswer = 1 << 20;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.All,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectTimeout = TimeSpan.FromSeconds(15),
        ActivityHeadersPropagator = Egress.Untold,
    });

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <summary>Posts JSON.</summary>
    /// <param name="path">Below the version.</param>
    /// <param name="body">JSON.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The answer, or how the attempt ended without one; and the attempt's record.</returns>
    public async Task<(HttpAnswer? Answer, AttemptResult Record)> PostAsync(string path, byte[] body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{options.BaseUrl}/{path}");
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = Json;
        return await SendAsync(request, ct);
    }

    /// <summary>Gets JSON.</summary>
    /// <param name="path">Below the version.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The answer, or how the attempt ended without one; and the attempt's record.</returns>
    public async Task<(HttpAnswer? Answer, AttemptResult Record)> GetAsync(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{options.BaseUrl}/{path}");
        return await SendAsync(request, ct);
    }

    /// <summary>Reads an answer's JSON; null: it is none.</summary>
    public static JsonElement? Parse(HttpAnswer answer)
    {
        try
        {
            return JsonElement.Parse(answer.Body) is { ValueKind: JsonValueKind.Object } found ? found : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The error that an answer carries, or null.</summary>
    public static MetaError? ErrorOf(JsonElement? answer)
    {
        if (answer is not { } found || !found.TryGetProperty("error", out var error) || error.ValueKind != JsonValueKind.Object)
            return null;
        if (!error.TryGetProperty("code", out var number) || !number.TryGetInt32(out var code)) return null;
        var message = Text(error, "message") ?? "It gave no message.";
        var details = error.TryGetProperty("error_data", out var data) && data.ValueKind == JsonValueKind.Object
            ? Text(data, "details") : null;
        return new MetaError(code, details is null || message.Contains(details) ? message : $"{message} ({details})");
    }

    private async Task<(HttpAnswer? Answer, AttemptResult Record)> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.AccessToken);
        var (answer, failure) = await HttpAttempt.SendAsync(http, request, options.Timeout, time, ct, MostAnswer);
        var record = failure ?? new AttemptResult(AttemptEnd.Lost);
        var kept = answer is null ? null : StoredText.Cut(answer.Body, HttpAttempt.MostBody);
        return (answer,
            record with
            {
                Request = HeadersJson.Of(request),
                Status = answer?.Status,
                ResponseHeaders = answer?.Headers,
                ResponseBody = kept
            });
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
