using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Serving;

namespace App.Development;

/// <summary>
/// Posts readings as a meter does: until they are acknowledged. Connection errors, 429, 502, 503 and 504 are tried again, after
/// <c>Retry-After</c> or a growing pause; repeating is safe, because the same reading twice is one.
/// </summary>
internal sealed class ReadingsClient : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly HttpClient http;
    private readonly TimeProvider time;
    private readonly CommandProgress progress;
    private readonly string building;

    /// <summary>Opens no connection yet.</summary>
    public ReadingsClient(SimulationOptions options, TimeProvider time, CommandProgress progress)
    {
        (this.time, this.progress, building) = (time, progress, options.Building);
        http = new HttpClient { BaseAddress = options.Url, Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.Key);
    }

    /// <summary>Posts readings of the meter <c>mains</c> and returns once they are durable.</summary>
    /// <exception cref="UsageException">The server refuses the key.</exception>
    /// <exception cref="UnavailableException">The server refuses the readings, or is none of ours.</exception>
    public async Task PostAsync(IReadOnlyList<(DateTimeOffset Time, double Watts)> readings, CancellationToken ct)
    {
        var body = Body(readings);
        var pause = FirstPause;
        for (var failures = 0; ; failures++)
        {
            var (fault, retryAfter) = await TryPostAsync(body, ct);
            if (fault is null)
            {
                if (failures > 0) progress.Say("The server takes readings again.");
                return;
            }
            var wait = retryAfter ?? pause;
            if (failures == 0) progress.Say($"{http.BaseAddress} {fault}: trying again until it takes the readings.");
            await Task.Delay(wait < LongestPause ? wait : LongestPause, time, ct);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<(string? Fault, TimeSpan? RetryAfter)> TryPostAsync(ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        try
        {
            using var content =
                new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var response = await http.PostAsync("ingest/readings", content, ct);
            if (response.IsSuccessStatusCode) return (null, null);
            if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
                or HttpStatusCode.GatewayTimeout)
                return ($"answers {(int)response.StatusCode}", RetryAfter(response));
            throw await RefusalAsync(response, ct);
        }
        catch (HttpRequestException e)
        {
            return ($"does not answer ({e.Message})", null);
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            return ("does not answer in time", null);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => null,
    };

    private static async Task<Exception> RefusalAsync(HttpResponseMessage response, CancellationToken ct)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
            return new UsageException(
                "The server does not know the key (401): give --key <api key>, or set ADMIN_API_KEY to the server's.");
        if (response.StatusCode == HttpStatusCode.Forbidden)
            return new UsageException("The key may not send readings (403): give --key one with the scope ingest.");
        var answer = await response.Content.ReadAsStringAsync(ct);
        if (answer.Length > 500) answer = answer[..500] + "...";
        return new UnavailableException($"{response.RequestMessage?.RequestUri} answers {(int)response.StatusCode}: {answer}");
    }

    private ReadOnlyMemory<byte> Body(IReadOnlyList<(DateTimeOffset Time, double Watts)> readings)
    {
        var buffer = new ArrayBufferWriter<byte>(readings.Count * 80);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("readings");
        foreach (var (at, watts) in readings)
        {
            json.WriteStartObject();
            json.WriteString("buildingId", building);
            json.WriteString("meter", "mains");
            json.WriteNumber("ts", at.ToUnixTimeMilliseconds());
            json.WriteNumber("watts", watts);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
