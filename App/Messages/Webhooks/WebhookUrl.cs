using App.Platform.Http;

namespace App.Messages.Webhooks;

/// <summary>Which URLs webhooks may go to.</summary>
internal static class WebhookUrl
{
    private const int Longest = 2048;

    /// <summary>What to send instead of a URL; null: it may be tried.</summary>
    public static string? CureOf(string text, EgressPolicy policy)
    {
        if (text.Length > Longest || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0 || url.Fragment.Length > 0 || url.Host.Length == 0)
            return "give an absolute http:// or https:// URL of at most 2,048 characters without user, password and fragment";
        return policy.MayBeTried(url) ? null : EgressPolicy.Cure;
    }
}
