using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using App.Platform.Http;

namespace App.Runs.Handlers;

/// <summary>
/// <c>http.request</c>: <c>{"method","url","headers","body","acceptStatus"}</c> to <c>{"status","headers","body"}</c>. Network
/// errors, 408, 429 and 5xx are tried again; any other status that is not accepted fails the step at once.
/// </summary>
internal sealed class HttpRequestStep(Egress egress, TimeProvider time) : IStepHandler, IDisposable
{
    /// <summary>Bytes of an answer's body.</summary>
    public const int MostBytes = 1 << 20;

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    // The connection's own, which the client writes.
    private static readonly string[] Reserved = ["host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te",
        "trailer", "expect", "proxy-authorization"];

    private readonly HttpClient http = egress.NewClient(carriesTrace: true);

    /// <inheritdoc/>
    public string Name => "http.request";

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <inheritdoc/>
    public void Validate(StepInput input)
    {
        input.Only("method", "url", "headers", "body", "acceptStatus");
        if (input.Text("method") is { } method && !Methods.Contains(method.ToUpperInvariant()))
            input.Fault("method", method, $"use one of {string.Join(", ", Methods)}");
        if (input.Text("url", required: true) is { } url && Url(url) is null)
            input.Fault("url", url, "give an absolute http:// or https:// URL without user and password, which belong into headers");
        ValidateHeaders(input);
        if (AcceptOf(input) is { } accept)
            foreach (var item in accept)
                if (Range(item) is null)
                    input.Fault("acceptStatus", JsonFields.Show(item),
                        "give statuses from 100 to 599 or classes such as \"2xx\", one or a list");
    }

    /// <inheritdoc/>
    public async Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct)
    {
        using var request = RequestOf(step);
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException e)
        {
            return EgressRefusedException.In(e) is { } refused
                ? StepOutcome.Fail(refused.Message) : StepOutcome.Retry($"{request.Method} {request.RequestUri}: {Cause(e)}");
        }
        using (response) return await OutcomeAsync(step, request, response, ct);
    }

    private async Task<StepOutcome> OutcomeAsync(StepContext step, HttpRequestMessage request, HttpResponseMessage response,
        CancellationToken ct)
    {
        byte[]? body;
        try
        {
            body = await BoundedBody.ReadAsync(response.Content, MostBytes, ct);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            return StepOutcome.Retry($"{request.Method} {request.RequestUri}: the answer broke off: {Cause(e)}");
        }
        var status = (int)response.StatusCode;
        if (!Accepts(step.Input, status))
        {
            var error = $"{request.Method} {request.RequestUri} answered {status}{Detail(response, body)}";
            return status is 408 or 429 or >= 500 ? StepOutcome.Retry(error, RetryAfter.Of(response, time)) : StepOutcome.Fail(error);
        }
        if (body is null)
            return StepOutcome.Fail(
                $"{request.Method} {request.RequestUri} answered {status} with a body of more than {MostBytes:N0} bytes: ask for less.");
        return StepOutcome.Succeed(new
        {
            status,
            headers = response.Headers.Concat(response.Content.Headers)
                .ToDictionary(header => header.Key.ToLowerInvariant(), header => string.Join(", ", header.Value)),
            body = BodyOf(response.Content.Headers.ContentType, body),
        });
    }

    private static HttpRequestMessage RequestOf(StepContext step)
    {
        var input = step.Input;
        var request = new HttpRequestMessage(new HttpMethod((input.Text("method") ?? "GET").ToUpperInvariant()), Url(input.Text("url")!));
        if (input.Find("body") is { } body)
            request.Content = body.ValueKind == JsonValueKind.String
                ? new StringContent(body.GetString()!, Encoding.UTF8, "text/plain")
                : new StringContent(body.GetRawText(), Encoding.UTF8, "application/json");
        if (input.Find("headers") is { } headers)
        {
            foreach (var header in headers.EnumerateObject())
            {
                // What is not the request's describes its body, and goes before what is said of it here.
                if (request.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString())) continue;
                request.Content?.Headers.Remove(header.Name);
                request.Content?.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
            }
        }
        if (!request.Headers.Contains("Idempotency-Key")) request.Headers.TryAddWithoutValidation("Idempotency-Key", step.IdempotencyKey);
        return request;
    }

    private static void ValidateHeaders(StepInput input)
    {
        if (input.Find("headers") is not { } headers) return;
        if (headers.ValueKind != JsonValueKind.Object)
        {
            input.Fault("headers", JsonFields.Show(headers), "give an object of names with texts");
            return;
        }
        foreach (var header in headers.EnumerateObject())
        {
            if (header.Name.Length == 0 || !header.Name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c))
                || Reserved.Contains(header.Name.ToLowerInvariant()))
                input.Fault($"headers.{header.Name}", null, "use another name: this one is none of HTTP's, or the connection's own");
            if (header.Value.ValueKind != JsonValueKind.String || header.Value.GetString()!.Any(c => c is < ' ' and not '\t' or > '~'))
                input.Fault($"headers.{header.Name}", null, "give a text of printable ASCII characters");
        }
    }

    private static Uri? Url(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
            && url.Host.Length > 0 ? url : null;

    private static IReadOnlyList<JsonElement>? AcceptOf(StepInput input) =>
        input.Find("acceptStatus") is not { } accept
            ? null : accept.ValueKind == JsonValueKind.Array ? [.. accept.EnumerateArray()] : [accept];

    private static bool Accepts(StepInput input, int status) => AcceptOf(input) is { Count: > 0 } accept
        ? accept.Any(item => Range(item) is var (from, to) && status >= from && status <= to)
        : status is >= 200 and <= 299;

    private static (int From, int To)? Range(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var status) && status is >= 100 and <= 599)
            return (status, status);
        if (item.ValueKind == JsonValueKind.String && item.GetString() is [>= '1' and <= '5' and var digit, 'x' or 'X', 'x' or 'X'])
            return ((digit - '0') * 100, ((digit - '0') * 100) + 99);
        return null;
    }

    private static object? BodyOf(MediaTypeHeaderValue? type, byte[] body)
    {
        if (body.Length == 0) return null;
        if (type?.MediaType is { } media
            && (media.EndsWith("/json", StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase)))
        {
            try
            {
                return StrictJson.Parse(body);
            }
            catch (JsonException)
            {
                // It says that it is JSON and is not as it is taken here: it is handed on as a text.
            }
        }
        return Text(type?.CharSet, body);
    }

    private static string Text(string? charset, byte[] body)
    {
        var encoding = charset?.Trim('"').ToLowerInvariant() is "iso-8859-1" or "latin1" or "us-ascii" ? Encoding.Latin1 : Encoding.UTF8;
        return encoding.GetString(body);
    }

    private static string Detail(HttpResponseMessage response, byte[]? body)
    {
        if ((int)response.StatusCode is >= 300 and <= 399 && response.Headers.Location is { } location)
            return $" to {location}: redirects are not followed, give the final URL";
        return body is { Length: > 0 } ? $": {Cut(Text(response.Content.Headers.ContentType?.CharSet, body))}" : "";
    }

    private static string Cut(string text) => text.Length <= 500 ? text : text[..497] + "...";

    private static string Cause(Exception e) => e.GetBaseException().Message;
}
