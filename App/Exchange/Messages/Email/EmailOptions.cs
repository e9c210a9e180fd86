using System.Net.Mail;
using App.Platform.Configuration;

namespace App.Exchange.Messages.Email;

/// <summary>The server that takes email: <c>SMTP_URL</c>.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Port">Its port.</param>
/// <param name="User">Who signs in; null: nobody.</param>
/// <param name="Password">With what.</param>
/// <param name="StartTls">Whether the connection is encrypted before anything is said.</param>
/// <param name="From">Whose messages they are, where a message does not say.</param>
internal sealed record EmailOptions(string? Host, int Port, string? User, string? Password, bool StartTls, string From)
{
    private const string Name = "SMTP_URL";
    private const string Cure = "set smtp://user:password@host:587?from=shop@example.com (STARTTLS on port 587 or with ?starttls=true; smtps is not spoken)";

    /// <summary>Reads the variable.</summary>
    public static EmailOptions Read(Variables variables)
    {
        var off = new EmailOptions(null, 0, null, null, false, "");
        if (variables.Text(Name) is not { } text) return off;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != "smtp" || url.Host.Length == 0) return variables.Fault(Name, "(not shown)", Cure, off);
        var query = System.Web.HttpUtility.ParseQueryString(url.Query);
        var credentials = url.UserInfo.Split(':', 2);
        var port = url.Port > 0 ? url.Port : 587;
        var user = credentials[0].Length > 0 ? Uri.UnescapeDataString(credentials[0]) : null;
        var from = query["from"] ?? (user?.Contains('@') == true ? user : $"no-reply@{url.Host}");
        if (!MailAddress.TryCreate(from, out _)) return variables.Fault(Name, "(not shown)", Cure, off);
        return new(url.Host, port, user, credentials.Length > 1 ? Uri.UnescapeDataString(credentials[1]) : null, query["starttls"] is { } tls ? tls == "true" : port == 587, from);
    }
}
