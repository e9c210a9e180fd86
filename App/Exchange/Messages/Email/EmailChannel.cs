using System.Net.Sockets;
using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace App.Exchange.Messages.Email;

/// <summary>
/// Email by SMTP: <c>{"subject","text","html","from"}</c>. Every attempt carries the same <c>Message-ID</c>, by which mail
/// systems know a repetition.
/// </summary>
internal sealed class EmailChannel(EmailOptions options, TimeProvider time) : IMessageChannel
{
    private const int AtOnce = 10;
    private const int LongestSubject = 998;
    private const int LastingError = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Misconfigured = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public string Name => MessageChannel.Email;

    /// <inheritdoc/>
    public string? MissingVariables => options.Host is null ? "SMTP_URL" : null;

    /// <inheritdoc/>
    public RetrySchedule Schedule { get; } = RetrySchedule.OfSeconds(0, 30, 300, 1800, 7200, 21_600, 86_400);

    /// <inheritdoc/>
    public IReadOnlyList<JobLimit> LimitsOf(string to) => [JobLimit.AtOnce("smtp", AtOnce)];

    /// <inheritdoc/>
    public void Validate(string to, JsonElement body, List<FieldError> faults)
    {
        if (!MailAddresses.IsAddress(to))
            faults.Add(new FieldError("to", Problems.Shorten(to), "give one address such as ada@example.com"));
        var fields = new JsonFields(body, "body", faults);
        fields.Only("subject", "text", "html", "from");
        if (fields.Text("subject", required: true) is { } subject
            && (subject.Length is 0 or > LongestSubject || subject.Any(char.IsControl)))
            fields.Fault("subject", subject, $"give one line of 1 to {LongestSubject} characters");
        if (fields.Text("text", required: false) is null & fields.Text("html", required: false) is null)
            fields.Fault("text", null, "give a text, or html, or both");
        if (fields.Text("from", required: false) is { } from && !MailAddresses.IsAddress(from))
            fields.Fault("from", from, "give one address such as shop@example.com");
    }

    /// <inheritdoc/>
    public async Task<AttemptResult> SendAsync(TakenMessage message, CancellationToken ct)
    {
        using var mail = MailOf(message);
        using var timeout = new CancellationTokenSource(Patience, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        var request = JsonSerializer.Serialize(new
        {
            server = $"{options.Host}:{options.Port}",
            from = mail.From.Mailboxes.First().Address,
            to = message.To,
            messageId = $"<{mail.MessageId}>",
        });
        using var client = NewClient();
        // Once a message is being handed over, an end without an answer does not tell whether the server has it.
        var handingOver = false;
        AttemptResult result;
        try
        {
            await client.ConnectAsync(options.Host!, options.Port, options.Encryption, bounded.Token);
            if (options.User is not null) await client.AuthenticateAsync(options.User, options.Password ?? "", bounded.Token);
            handingOver = true;
            var answer = await client.SendAsync(mail, bounded.Token);
            result = new(AttemptEnd.Delivered) { Status = (int)SmtpStatusCode.Ok, ResponseBody = answer };
            await client.DisconnectAsync(quit: true, bounded.Token);
        }
        catch (SmtpCommandException e)
        {
            // 5xx to a message is for good; everything else may pass.
            var isLasting = handingOver && (int)e.StatusCode >= LastingError;
            result = new(isLasting ? AttemptEnd.Refused : AttemptEnd.Failed, e.Message) { Status = (int)e.StatusCode };
        }
        catch (Exception e) when (e is AuthenticationException or ServiceNotAuthenticatedException)
        {
            result = Silent($"The mail server refuses to sign in ({e.Message}): set user and password in SMTP_URL.");
        }
        catch (Exception e) when (e is SslHandshakeException or NotSupportedException)
        {
            result = Silent(
                $"The mail server does not offer what SMTP_URL asks for, or shows a certificate that is not trusted ({Cause(e)}).");
        }
        catch (Exception e) when (e is IOException or SocketException or ProtocolException)
        {
            result = new(handingOver ? AttemptEnd.Lost : AttemptEnd.Failed, Cause(e));
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            result = new(handingOver ? AttemptEnd.Lost : AttemptEnd.Failed,
                $"The server did not take it within {Patience.TotalSeconds:0} s.");
        }
        return result with { Request = request };
    }

    // Nothing goes out until the operator acts: the channel waits, and no message uses up its attempts.
    private static AttemptResult Silent(string error) =>
        new(AttemptEnd.Failed, $"{error} Tried again every {Misconfigured.TotalMinutes:0} minutes.") { Pause = Misconfigured };

    private SmtpClient NewClient()
    {
        // As for every other connection of the application: lists of revoked certificates are not fetched.
        var client = new SmtpClient { CheckCertificateRevocation = false };
        if (options.Authorities is { } authorities) client.ServerCertificateValidationCallback = authorities.IsTrusted;
        return client;
    }

    private MimeMessage MailOf(TakenMessage message)
    {
        var body = JsonElement.Parse(message.Body);
        string? Text(string name) => body.TryGetProperty(name, out var value) ? value.GetString() : null;
        var from = MailboxAddress.Parse(Text("from") ?? options.From);
        var mail = new MimeMessage
        {
            Subject = Text("subject") ?? "",
            Date = time.GetUtcNow(),
            MessageId = $"{message.Id:N}@{from.Domain}",
            Body = new BodyBuilder { TextBody = Text("text"), HtmlBody = Text("html") }.ToMessageBody(),
        };
        mail.From.Add(from);
        mail.To.Add(MailboxAddress.Parse(message.To));
        return mail;
    }

    private static string Cause(Exception e) =>
        e.GetBaseException() is var cause && cause == e ? e.Message : $"{e.Message} ({cause.Message})";
}
