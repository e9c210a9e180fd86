using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;

namespace App.Exchange.Messages.Email;

/// <summary>
/// Email by SMTP: <c>{"subject","text","html","from"}</c>. Every attempt carries the same <c>Message-ID</c>, by which mail
/// systems know a repetition.
/// </summary>
internal sealed class EmailChannel(EmailOptions options, TimeProvider time) : IMessageChannel
{
    private const int AtOnce = 10;
    private const int LongestSubject = 998;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

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
        if (!IsAddress(to)) faults.Add(new FieldError("to", Problems.Shorten(to), "give one address such as ada@example.com"));
        var fields = new JsonFields(body, "body", faults);
        fields.Only("subject", "text", "html", "from");
        if (fields.Text("subject", required: true) is { } subject && (subject.Length is 0 or > LongestSubject || subject.Any(char.IsControl))) fields.Fault("subject", subject, $"give one line of 1 to {LongestSubject} characters");
        if (fields.Text("text", required: false) is null & fields.Text("html", required: false) is null) fields.Fault("text", null, "give a text, or html, or both");
        if (fields.Text("from", required: false) is { } from && !IsAddress(from)) fields.Fault("from", from, "give one address such as shop@example.com");
    }

    /// <inheritdoc/>
    public async Task<AttemptResult> SendAsync(TakenMessage message, CancellationToken ct)
    {
        using var mail = MailOf(message);
        using var client = new SmtpClient(options.Host, options.Port) { EnableSsl = options.StartTls };
        if (options.User is not null) client.Credentials = new NetworkCredential(options.User, options.Password);
        using var timeout = new CancellationTokenSource(Patience, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        var request = JsonSerializer.Serialize(new { server = $"{options.Host}:{options.Port}", from = mail.From!.Address, to = message.To, messageId = mail.Headers["Message-ID"] });
        try
        {
            await client.SendMailAsync(mail, bounded.Token);
            return new(AttemptEnd.Delivered) { Request = request, Status = (int)SmtpStatusCode.Ok };
        }
        catch (SmtpException e)
        {
            var status = e.StatusCode == SmtpStatusCode.GeneralFailure ? (int?)null : (int)e.StatusCode;
            // 5xx is for good; everything else may pass.
            return new(status >= 500 ? AttemptEnd.Refused : AttemptEnd.Failed, e.InnerException is { } cause ? $"{e.Message} ({cause.GetBaseException().Message})" : e.Message) { Request = request, Status = status };
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return new(AttemptEnd.Lost, $"The server did not take it within {Patience.TotalSeconds:0} s.") { Request = request };
        }
    }

    private MailMessage MailOf(TakenMessage message)
    {
        var body = JsonElement.Parse(message.Body);
        string? Text(string name) => body.TryGetProperty(name, out var value) ? value.GetString() : null;
        var mail = new MailMessage(Text("from") ?? options.From, message.To) { Subject = Text("subject"), SubjectEncoding = Encoding.UTF8, BodyEncoding = Encoding.UTF8 };
        var (text, html) = (Text("text"), Text("html"));
        (mail.Body, mail.IsBodyHtml) = (text ?? html, text is null);
        if (text is not null && html is not null) mail.AlternateViews.Add(AlternateView.CreateAlternateViewFromString(html, Encoding.UTF8, MediaTypeNames.Text.Html));
        mail.Headers["Message-ID"] = $"<{message.Id:N}@{mail.From!.Host}>";
        return mail;
    }

    private static bool IsAddress(string text) => text.Length <= 320 && MailAddress.TryCreate(text, out var address) && address.Address == text;
}
