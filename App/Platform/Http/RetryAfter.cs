namespace App.Platform.Http;

/// <summary>How long an answer asks to wait before the next attempt.</summary>
internal static class RetryAfter
{
    /// <summary>The longest that is listened to.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>The pause that <c>Retry-After</c> names, as seconds or as a date; null: none.</summary>
    public static TimeSpan? Of(HttpResponseMessage response, TimeProvider time)
    {
        if (response.Headers.RetryAfter is not { } header) return null;
        var pause = header.Delta ?? header.Date - time.GetUtcNow();
        if (pause is not { } asked || asked <= TimeSpan.Zero) return null;
        return asked < Longest ? asked : Longest;
    }
}
