using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using App.Platform.Configuration;

namespace App.Platform.Serving;

/// <summary>
/// <c>App health</c>: asks the server of this container whether it is ready, for images without curl. A plain socket,
/// because a check every half minute should cost no more than it must.
/// </summary>
internal sealed class HealthCommand : Command
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>The command.</summary>
    public HealthCommand(Variables variables) : base("health", "Asks whether the server on PORT is ready: exit code 0, else 69.") =>
        SetAction(async (line, ct) =>
        {
            var options = PlatformOptions.Read(variables);
            variables.ThrowIfInvalid();
            await RequireReadyAsync(options.Port, ct);
            await line.InvocationConfiguration.Output.WriteLineAsync("ready");
        });

    /// <summary>Asks <c>/health/ready</c> on loopback.</summary>
    /// <exception cref="UnavailableException">Nobody answers, or the answer is not 200.</exception>
    public static async Task RequireReadyAsync(int port, CancellationToken ct)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bounded.CancelAfter(Patience);
        string status;
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, bounded.Token);
            await using var stream = client.GetStream();
            await stream.WriteAsync("GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(),
                bounded.Token);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            status = await reader.ReadLineAsync(bounded.Token) ?? "nothing";
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new UnavailableException($"The server on PORT {port} does not answer: {e.Message}", e);
        }
        if (!status.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
            throw new UnavailableException($"The server on PORT {port} is not ready: it answers '{status}' to /health/ready.");
    }
}
