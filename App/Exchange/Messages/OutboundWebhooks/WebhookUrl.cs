namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary>
/// What a URL of webhooks must look like. Where it leads is asked when the connection is opened, by the process that opens
/// it: that one knows what names resolve to, and its EGRESS_ALLOW counts.
/// </summary>
internal static class WebhookUrl
{
    private const int Longest = 2048;

    /// <summary>What to send instead of a text that is no such URL; null: it is one.</summary>
    public static string? CureOf(string text) =>
        text.Length <= Longest && Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url.UserInfo.Length == 0 && url.Fragment.Length == 0 && url.Host.Length > 0
            ? null : "give an absolute http:// or https:// URL of at most 2,048 characters without user, password and fragment";
}
