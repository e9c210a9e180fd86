using System.Net.Sockets;
using System.Text;
using App.Tests.Fixtures;

namespace App.Tests.Scenarios;

/// <summary>A request whose body the server has begun to read, and whose end has not been sent.</summary>
internal sealed class RequestInFlight : IDisposable
{
    private readonly TcpClient connection = new();
    private readonly byte[] body;

    // Blanks before it: half of them are enough for the server not to find the body slow, and cut it off after seconds.
    private RequestInFlight(string body) => this.body = Encoding.UTF8.GetBytes(new string(' ', 256 * 1024) + body);

    /// <summary>Posts readings up to the middle of the body.</summary>
    public static async Task<RequestInFlight> BeginAsync(AppProcess app, string body)
    {
        var request = new RequestInFlight(body);
        await request.connection.ConnectAsync("localhost", app.Address.Port);
        var head =
            $"POST /ingest/readings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {AppProcess.Key}\r\nContent-Type: "
            + $"application/json\r\nContent-Length: {request.body.Length}\r\nExpect: 100-continue\r\n\r\n";
        await request.connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        // Sent when the endpoint asks for the body.
        Assert.StartsWith("HTTP/1.1 100 ", await request.ReadAsync());
        await request.connection.GetStream().WriteAsync(request.body.AsMemory(0, request.body.Length / 2));
        return request;
    }

    /// <summary>Sends the rest and reads the answer.</summary>
    public async Task<string> CompleteAsync()
    {
        await connection.GetStream().WriteAsync(body.AsMemory(body.Length / 2));
        return await ReadAsync();
    }

    public void Dispose() => connection.Dispose();

    private async Task<string> ReadAsync()
    {
        var buffer = new byte[4096];
        var length = await connection.GetStream().ReadAsync(buffer).AsTask().WaitAsync(Poll.Patience);
        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
