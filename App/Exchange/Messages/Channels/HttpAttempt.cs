using System.Text;
using App.Engines.Jobs;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;

namespace App.Exchange.Messages.Channels;

/// <summary>An answer of HTTP, as much of it as is kept.</summary>
/// <param name="Status">The status.</param>
/// <param name="Headers">JSON.</param>
/// <param name="Body">As much of it as was asked for.</param>
/// <param name="RetryAfter">The pause that it asks for.</param>
internal sealed record HttpAnswer(int Status, string Headers, string Body, TimeSpan? RetryAfter);

/// <summary>One request of a delivery: sent, bounded in time and size, and told apart when no answer comes of it.</summary>
internal static class HttpAttempt
{
    /// <summary>Bytes of an answer that are kept with a delivery.</summary>
    public const int MostBody = 16_384;

    private const int UnknownBody = 4_096;

    /// <summary>Sends a request, and reads so many bytes of its answer.</summary>
    /// <returns>The answer, or what became of the attempt without one.</returns>
    public static async Task<(HttpAnswer? Answer, AttemptResult? Failure)> SendAsync(
        HttpMessageInvoker http, HttpRequestMessage request, TimeSpan patience, TimeProvider time, CancellationToken ct,
        int mostBody = MostBody)
    {
        // One source for both ends of it, its own and the caller's.
        using var bounded = new CancellationTokenSource(patience, time);
        await using var told = ct.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), bounded);
        try
        {
            using var response = await http.SendAsync(request, bounded.Token);
            var pause = response.IsSuccessStatusCode ? null : RetryAfter.Of(response, time);
            return (new HttpAnswer((int)response.StatusCode, HeadersJson.Of(response), await BodyOf(response, mostBody, bounded.Token),
                pause), null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            if (EgressRefusedException.In(e) is { } refused) return (null, new(AttemptEnd.Refused, refused.Message));
            return (null, new(WasNotSent(e) ? AttemptEnd.Failed : AttemptEnd.Lost, Cause(e)));
        }
        catch (OperationCanceledException) when (bounded.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return (null, new(AttemptEnd.Lost, $"No answer came within {patience.TotalSeconds:0.###} s."));
        }
    }

    private static bool WasNotSent(Exception e) => e is HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError
    };

    private static string Cause(Exception e) =>
        e.GetBaseException() is var cause && cause == e ? e.Message : $"{e.Message} ({cause.Message})";

    private static async Task<string> BodyOf(HttpResponseMessage response, int most, CancellationToken ct)
    {
        var said = response.Content.Headers.ContentLength;
        if (said == 0) return "";
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        var kept = new byte[Math.Min(said ?? UnknownBody, most)];
        var read = await stream.ReadAtLeastAsync(kept, kept.Length, throwOnEndOfStream: false, ct);
        // It did not say how long it is.
        while (said is null && read == kept.Length && read < most)
        {
            Array.Resize(ref kept, Math.Min(kept.Length * 4, most));
            read += await stream.ReadAtLeastAsync(kept.AsMemory(read), kept.Length - read, throwOnEndOfStream: false, ct);
        }
        return StoredText.Cut(Encoding.UTF8.GetString(kept, 0, read), most);
    }
}
