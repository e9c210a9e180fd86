using System.Text;
using App.Platform.Configuration;

namespace App.Exchange.Webhooks;

/// <summary>The secrets that providers sign with, and how long their events are kept.</summary>
/// <param name="WhatsApp">Meta's app secret; two while one replaces the other; none: off.</param>
/// <param name="WhatsAppVerifyToken">What Meta must say when it asks whether this address is ours.</param>
/// <param name="Paystack">Paystack's secret keys.</param>
/// <param name="Korapay">Korapay's secret keys.</param>
/// <param name="Retention">How long events are kept.</param>
internal sealed record WebhookOptions(
    IReadOnlyList<byte[]> WhatsApp, string? WhatsAppVerifyToken, IReadOnlyList<byte[]> Paystack, IReadOnlyList<byte[]> Korapay,
    TimeSpan Retention)
{
    /// <summary>Reads the variables of inbound webhooks.</summary>
    public static WebhookOptions Read(Variables variables) => new(
        Secrets(variables, "WHATSAPP_APP_SECRET"),
        variables.Text("WHATSAPP_VERIFY_TOKEN"),
        Secrets(variables, "PAYSTACK_SECRET_KEY"),
        Secrets(variables, "KORAPAY_SECRET_KEY"),
        TimeSpan.FromDays(variables.Integer("WEBHOOK_RETENTION_DAYS", 30, 1, 3650)));

    // During a rotation events come signed with the one or the other.
    private static IReadOnlyList<byte[]> Secrets(Variables variables, string name)
    {
        var secrets = (variables.Text(name) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return secrets.Length <= 2
            ? [.. secrets.Select(Encoding.UTF8.GetBytes)]
            : variables.Fault<byte[][]>(name, "(not shown)",
                "set one secret, or two separated by a comma while one replaces the other", []);
    }
}
