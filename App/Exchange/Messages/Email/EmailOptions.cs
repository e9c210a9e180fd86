using App.Platform.Configuration;
using MailKit.Security;

namespace App.Exchange.Messages.Email;

/// <summary>The server that takes email: <c>SMTP_URL</c>.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Port">Its port.</param>
/// <param name="User">Who signs in; null: nobody.</param>
/// <param name="Password">With what.</param>
/// <param name="Encryption">When the connection is encrypted.</param>
/// <param name="From">Whose messages they are, where a message does not say.</param>
/// <param name="Authorities">Certificate authorities that are trusted beside those of the system.</param>
internal sealed record EmailOptions(
    string? Host, int Port, string? User, string? Password, SecureSocketOptions Encryption, string From, MailAuthorities? Authorities)
{
    private const string Name = "SMTP_URL";
    private const string AuthoritiesName = "SMTP_CA_FILE";
    private const int SubmissionPort = 587;
    private const int ImplicitTlsPort = 465;

    private const string Cure = "set smtp://user:password@host:587?from=shop@example.com, or smtps://… for TLS from the first byte; "
        + "starttls=required, optional or off says whether smtp must, may or does not encrypt";

    /// <summary>Reads the variables.</summary>
    public static EmailOptions Read(Variables variables)
    {
        var off = new EmailOptions(null, 0, null, null, SecureSocketOptions.None, "", null);
        var authorities = ReadAuthorities(variables);
        if (variables.Text(Name) is not { } text) return off;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("smtp" or "smtps") || url.Host.Length == 0)
            return variables.Fault(Name, "(not shown)", Cure, off);
        var isImplicit = url.Scheme == "smtps";
        var query = System.Web.HttpUtility.ParseQueryString(url.Query);
        var credentials = url.UserInfo.Split(':', 2);
        var port = url.Port > 0 ? url.Port : isImplicit ? ImplicitTlsPort : SubmissionPort;
        var user = credentials[0].Length > 0 ? Uri.UnescapeDataString(credentials[0]) : null;
        var password = credentials.Length > 1 ? Uri.UnescapeDataString(credentials[1]) : null;
        var from = query["from"] ?? (user?.Contains('@') == true ? user : $"no-reply@{url.DnsSafeHost}");
        var encryption = isImplicit
            ? SecureSocketOptions.SslOnConnect : StartTls(query["starttls"], mustBeSafe: user is not null || port == SubmissionPort);
        if (encryption is null || !MailAddresses.IsAddress(from)) return variables.Fault(Name, "(not shown)", Cure, off);
        return new(url.DnsSafeHost, port, user, password, encryption.Value, from, authorities);
    }

    // A password goes over an unencrypted connection only where the operator says so. Port 587 is made for STARTTLS.
    private static SecureSocketOptions? StartTls(string? word, bool mustBeSafe) => word switch
    {
        null => mustBeSafe ? SecureSocketOptions.StartTls : SecureSocketOptions.StartTlsWhenAvailable,
        "required" or "true" => SecureSocketOptions.StartTls,
        "optional" => SecureSocketOptions.StartTlsWhenAvailable,
        "off" or "false" => SecureSocketOptions.None,
        _ => null,
    };

    private static MailAuthorities? ReadAuthorities(Variables variables)
    {
        if (variables.Text(AuthoritiesName) is not { } path) return null;
        return MailAuthorities.Read(path)
            ?? variables.Fault<MailAuthorities?>(AuthoritiesName, path, "set the path of a file with certificates in the PEM format", null);
    }
}
