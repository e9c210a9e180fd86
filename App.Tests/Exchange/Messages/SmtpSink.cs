using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace App.Tests.Exchange.Messages;

/// <summary>A mail server on loopback: takes what it is given, or answers recipients as told.</summary>
internal sealed class SmtpSink : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;

    public SmtpSink()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What was taken, with its headers.</summary>
    public ConcurrentQueue<string> Mails { get; } = [];

    /// <summary>The answer to RCPT; the number counts them from 1.</summary>
    public Func<int, string> AnswerRecipient { get; set; } = _ => "250 2.1.5 Ok";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var recipients = 0;
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync(stop.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
            await using var writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
            await writer.WriteLineAsync("220 sink.test ESMTP");
            while (await reader.ReadLineAsync(stop.Token) is { } line)
            {
                if (line.StartsWith("DATA", StringComparison.OrdinalIgnoreCase))
                {
                    await writer.WriteLineAsync("354 End data with <CR><LF>.<CR><LF>");
                    var mail = new StringBuilder();
                    while (await reader.ReadLineAsync(stop.Token) is { } text && text != ".") mail.Append(text).Append('\n');
                    Mails.Enqueue(mail.ToString());
                    await writer.WriteLineAsync("250 2.0.0 Ok: queued");
                }
                else if (line.StartsWith("RCPT", StringComparison.OrdinalIgnoreCase)) await writer.WriteLineAsync(AnswerRecipient(++recipients));
                else if (line.StartsWith("QUIT", StringComparison.OrdinalIgnoreCase)) break;
                else await writer.WriteLineAsync("250 sink.test");
            }
        }
    }
}
