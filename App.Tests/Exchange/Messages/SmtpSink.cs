using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace App.Tests.Exchange.Messages;

/// <summary>How a mail server encrypts.</summary>
internal enum SmtpEncryption
{
    None,
    StartTls,
    Implicit,
}

/// <summary>A mail server on loopback: takes what it is given, or answers recipients and sign-ins as told.</summary>
internal sealed class SmtpSink : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly SmtpEncryption encryption;
    private readonly X509Certificate2? certificate;
    private readonly Task accepting;
    private int recipients;

    public SmtpSink(SmtpEncryption encryption = SmtpEncryption.None, X509Certificate2? certificate = null)
    {
        (this.encryption, this.certificate) = (encryption, certificate);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What was taken, with its headers.</summary>
    public ConcurrentQueue<string> Mails { get; } = [];

    /// <summary>The commands of clients, each with a mark whether it came encrypted.</summary>
    public ConcurrentQueue<(string Line, bool Encrypted)> Commands { get; } = [];

    /// <summary>The answer to RCPT; the number counts them from 1.</summary>
    public Func<int, string> AnswerRecipient { get; set; } = _ => "250 2.1.5 Ok";

    /// <summary>
    /// The answer to AUTH PLAIN, by what was signed in with: user and password with a colon between; null: no AUTH is offered.
    /// </summary>
    public Func<string, string>? AnswerSignIn { get; set; }

    /// <summary>The answer to a whole mail; null: the connection is closed instead.</summary>
    public Func<string?> AnswerMail { get; set; } = () => "250 2.0.0 Ok: queued as 7";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync(stop.Token);
            try
            {
                await ServeAsync(client.GetStream());
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                // A client that does not trust the certificate, or goes.
            }
        }
    }

    private async Task ServeAsync(Stream stream)
    {
        var encrypted = encryption == SmtpEncryption.Implicit;
        if (encrypted) stream = await EncryptAsync(stream);
        var (reader, writer) = Open(stream);
        await writer.WriteLineAsync("220 sink.test ESMTP");
        while (await reader.ReadLineAsync(stop.Token) is { } line)
        {
            Commands.Enqueue((line, encrypted));
            switch (line.Split(' ')[0].ToUpperInvariant())
            {
                case "EHLO":
                    await writer.WriteLineAsync("250-sink.test");
                    if (encryption == SmtpEncryption.StartTls && !encrypted) await writer.WriteLineAsync("250-STARTTLS");
                    if (AnswerSignIn is not null) await writer.WriteLineAsync("250-AUTH PLAIN");
                    await writer.WriteLineAsync("250 8BITMIME");
                    break;
                case "STARTTLS":
                    await writer.WriteLineAsync("220 2.0.0 Ready");
                    stream = await EncryptAsync(stream);
                    (reader, writer) = Open(stream);
                    encrypted = true;
                    break;
                case "AUTH":
                    var credentials = Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[2])).Split('\0');
                    await writer.WriteLineAsync(AnswerSignIn!($"{credentials[1]}:{credentials[2]}"));
                    break;
                case "RCPT":
                    await writer.WriteLineAsync(AnswerRecipient(++recipients));
                    break;
                case "DATA":
                    await writer.WriteLineAsync("354 End data with <CR><LF>.<CR><LF>");
                    var mail = new StringBuilder();
                    while (await reader.ReadLineAsync(stop.Token) is { } text && text != ".") mail.Append(text).Append('\n');
                    Mails.Enqueue(mail.ToString());
                    if (AnswerMail() is not { } answer) return;
                    await writer.WriteLineAsync(answer);
                    break;
                case "QUIT":
                    await writer.WriteLineAsync("221 2.0.0 Bye");
                    return;
                default:
                    await writer.WriteLineAsync("250 2.0.0 Ok");
                    break;
            }
        }
    }

    private async Task<Stream> EncryptAsync(Stream stream)
    {
        var encrypted = new SslStream(stream);
        await encrypted.AuthenticateAsServerAsync(certificate!);
        return encrypted;
    }

    private static (StreamReader Reader, StreamWriter Writer) Open(Stream stream) =>
        (new(stream, Encoding.UTF8), new(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true });
}
