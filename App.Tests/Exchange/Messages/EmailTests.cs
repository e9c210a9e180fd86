using System.Security.Cryptography.X509Certificates;
using App.Exchange.Messages.Email;
using App.Platform.Configuration;
using App.Tests.Fixtures;
using MailKit.Security;

namespace App.Tests.Exchange.Messages;

/// <summary>Email against servers on loopback that encrypt and sign in as real ones do.</summary>
public sealed class EmailTests : IDisposable
{
    private readonly X509Certificate2 certificate = MailCertificate.Create();
    private readonly TestFolder folder = TestFolder.Create();

    public void Dispose()
    {
        certificate.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("smtp", SmtpEncryption.StartTls)]
    [InlineData("smtps", SmtpEncryption.Implicit)]
    public async Task A_password_is_told_to_a_trusted_server_over_an_encrypted_connection_alone(string scheme, object encryption)
    {
        await using var smtp = new SmtpSink((SmtpEncryption)encryption,
            certificate)
        { AnswerSignIn = given => given == "shop@example.com:p@ss" ? "235 2.7.0 Ok" : "535 5.7.8 No" };
        await using var host = await StartAsync($"{scheme}://shop%40example.com:p%40ss@127.0.0.1:{smtp.Port}");
        var id = await SendAsync(host, text: "On its way.", html: "<p>On its way.</p>");
        await host.UntilAsync(id, "delivered");
        Assert.All(smtp.Commands.Where(command => command.Line.Split(' ')[0] is not ("EHLO" or "STARTTLS")),
            command => Assert.True(command.Encrypted, command.Line));
        Assert.Contains(smtp.Commands, command => command.Line.StartsWith("AUTH PLAIN", StringComparison.Ordinal));
        var mail = Assert.Single(smtp.Mails);
        Assert.Contains("From: shop@example.com", mail);
        Assert.Contains("multipart/alternative", mail);
        var delivery = (await host.GetAsync(id)).GetProperty("deliveries")[0].GetRawText();
        Assert.Contains("queued as 7", delivery);
        Assert.DoesNotContain("p@ss", delivery);
    }

    [Fact]
    public async Task STARTTLS_is_used_where_it_is_offered_although_nobody_signs_in()
    {
        await using var smtp = new SmtpSink(SmtpEncryption.StartTls, certificate);
        await using var host = await StartAsync($"smtp://127.0.0.1:{smtp.Port}?from=shop@example.com");
        await host.UntilAsync(await SendAsync(host), "delivered");
        Assert.Contains(smtp.Commands, command => command.Encrypted && command.Line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_does_not_encrypt_learns_no_password_and_no_mail()
    {
        await using var smtp = new SmtpSink { AnswerSignIn = _ => "235 2.7.0 Ok" };
        await using var host = await StartAsync($"smtp://shop:secret@127.0.0.1:{smtp.Port}?from=shop@example.com");
        await WaitsAsync(host, await SendAsync(host), "SMTP_URL");
        Assert.DoesNotContain(smtp.Commands, command => command.Line.Split(' ')[0] is "AUTH" or "MAIL");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_certificate_of_nobody_known_or_of_another_name_is_refused(bool isKnown)
    {
        using var other = MailCertificate.Create("127.0.0.9");
        await using var smtp = new SmtpSink(SmtpEncryption.Implicit, other);
        await using var host = await StartAsync($"smtps://127.0.0.1:{smtp.Port}?from=shop@example.com", isKnown ? other : certificate);
        await WaitsAsync(host, await SendAsync(host), "not trusted");
        Assert.Empty(smtp.Commands);
    }

    [Fact]
    public async Task A_refused_sign_in_silences_the_channel_until_the_operator_has_acted()
    {
        await using var smtp = new SmtpSink(SmtpEncryption.StartTls, certificate) { AnswerSignIn = _ => "535 5.7.8 Credentials invalid" };
        await using var host = await StartAsync($"smtp://shop:wrong@127.0.0.1:{smtp.Port}?from=shop@example.com");
        var id = await SendAsync(host);
        await WaitsAsync(host, id, "refuses to sign in");
        Assert.True(
            await host.App.ScalarAsync<bool>("select exists (select from message_channels where paused_until > clock_timestamp())"));
        smtp.AnswerSignIn = _ => "235 2.7.0 Ok";
        await host.ForwardAsync();
        await host.UntilAsync(id, "delivered");
    }

    [Fact]
    public async Task A_mail_whose_answer_was_lost_is_sent_again_under_its_id()
    {
        var times = 0;
        await using var smtp = new SmtpSink { AnswerMail = () => ++times == 1 ? null : "250 2.0.0 Ok" };
        await using var host = await StartAsync($"smtp://127.0.0.1:{smtp.Port}?from=shop@example.com");
        var id = await SendAsync(host);
        await Poll.UntilAsync("its job waits",
            () => host.App.ScalarAsync<bool>("select exists (select from jobs where state = 'scheduled' and queue = 'messages')"));
        await host.ForwardAsync();
        await host.UntilAsync(id, "delivered");
        Assert.Equal(2, smtp.Mails.Count(mail => mail.Contains($"<{id:N}@example.com>", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("smtp://host", "host", 587, SecureSocketOptions.StartTls, "no-reply@host")]
    [InlineData("smtp://host:25?from=a@b.example", "host", 25, SecureSocketOptions.StartTlsWhenAvailable, "a@b.example")]
    [InlineData("smtp://u:p@host:25?from=a@b.example", "host", 25, SecureSocketOptions.StartTls, "a@b.example")]
    [InlineData("smtp://u:p@host:25?from=a@b.example&starttls=optional", "host", 25, SecureSocketOptions.StartTlsWhenAvailable,
        "a@b.example")]
    [InlineData("smtp://host:25?starttls=required", "host", 25, SecureSocketOptions.StartTls, "no-reply@host")]
    [InlineData("smtp://host?starttls=off", "host", 587, SecureSocketOptions.None, "no-reply@host")]
    [InlineData("smtps://shop%40b.example:p@[::1]", "::1", 465, SecureSocketOptions.SslOnConnect, "shop@b.example")]
    public void A_URL_says_server_encryption_and_sender(string url, string host, int port, SecureSocketOptions encryption, string from)
    {
        var options = Read(("SMTP_URL", url));
        Assert.Equal((host, port, encryption, from), (options.Host, options.Port, options.Encryption, options.From));
    }

    [Theory]
    [InlineData("SMTP_URL", "http://host")]
    [InlineData("SMTP_URL", "smtp://")]
    [InlineData("SMTP_URL", "smtp://host?starttls=maybe")]
    [InlineData("SMTP_URL", "smtp://host?from=nobody")]
    [InlineData("SMTP_CA_FILE", "/nowhere.pem")]
    public void A_fault_names_the_variable(string name, string value) =>
    Assert.Contains(name, Assert.Throws<InvalidVariablesException>(() => Read((name, value))).Message);

    [Theory]
    [InlineData("ada@example.com", true)]
    [InlineData("ada.l+x@mail.example.com", true)]
    [InlineData("ada", false)]
    [InlineData("ada@", false)]
    [InlineData("@example.com", false)]
    [InlineData("Ada <ada@example.com>", false)]
    [InlineData("<ada@example.com>", false)]
    [InlineData("ada@example.com, bob@example.com", false)]
    [InlineData("ada@example.com\r\nBcc: bob@example.com", false)]
    [InlineData("ada@example.com (Ada)", false)]
    [InlineData("", false)]
    public void An_address_is_one_address_and_nothing_else(string text, bool isAddress) =>
    Assert.Equal(isAddress, MailAddresses.IsAddress(text));

    private static EmailOptions Read(params (string Name, string Value)[] variables)
    {
        var given = Variables.Of(variables.ToDictionary(one => one.Name, one => (string?)one.Value));
        var options = EmailOptions.Read(given);
        given.ThrowIfInvalid();
        return options;
    }

    private async Task<MessageHost> StartAsync(string url, X509Certificate2? trusted = null)
    {
        var file = Path.Combine(folder.Path, "authorities.pem");
        await File.WriteAllTextAsync(file, (trusted ?? certificate).ExportCertificatePem());
        return await MessageHost.StartAsync(("SMTP_URL", url), ("SMTP_CA_FILE", file));
    }

    private static Task<Guid> SendAsync(MessageHost host, string text = "Hello", string? html = null) =>
        host.PostAsync("email", "ada@example.com",
            html is null ? new { subject = "Hello", text } : (object)new { subject = "Hello", text, html });

    private static async Task WaitsAsync(MessageHost host, Guid id, string why)
    {
        await Poll.UntilAsync("it waits", async () => (await host.GetAsync(id)).GetRawText().Contains(why, StringComparison.Ordinal),
            whatElse: () => host.StateAsync(id).GetAwaiter().GetResult());
        Assert.Equal("pending", await host.StateAsync(id));
    }
}
