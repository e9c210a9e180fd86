using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace App.Tests.Engines.Streams;

/// <summary>What is lost when a connection is cut.</summary>
internal enum Cut
{
    /// <summary>Nothing: it passes everything.</summary>
    None,

    /// <summary>What is sent next does not arrive.</summary>
    Request,

    /// <summary>What is sent next arrives and is answered; the answer does not.</summary>
    Answer,
}

/// <summary>A way to the database that can be cut so that a commit, or only its acknowledgement, is lost.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly string host;
    private readonly int port;
    private readonly Task accepting;
    private Cut next;

    public CuttingProxy(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        (host, port) = (builder.Host!, builder.Port);
        listener.Start();
        builder.Host = "127.0.0.1";
        builder.Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        ConnectionString = builder.ConnectionString;
        accepting = AcceptAsync();
    }

    /// <summary>The way through the proxy.</summary>
    public string ConnectionString { get; }

    /// <summary>Cuts once.</summary>
    public void CutNext(Cut cut) => Interlocked.Exchange(ref next, cut);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested) _ = PassAsync(await listener.AcceptTcpClientAsync(stopping.Token));
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(host, port, stopping.Token);
            await Task.WhenAny(CopyAsync(client, server, Cut.Request), CopyAsync(server, client, Cut.Answer));
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, Cut cutHere)
    {
        var buffer = new byte[65536];
        while (await from.GetStream().ReadAsync(buffer, stopping.Token) is var length and > 0)
        {
            if (Interlocked.CompareExchange(ref next, Cut.None, cutHere) == cutHere) return;
            await to.GetStream().WriteAsync(buffer.AsMemory(0, length), stopping.Token);
        }
    }
}
