using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using App.Tests.Fixtures;
using App.Tests.Signs.Fingerspelling.Live;

namespace App.Tests.Scenarios;

/// <summary>Live connections over the life of a real process.</summary>
public sealed class LiveDrainTests
{
    [Fact]
    public async Task On_SIGTERM_live_connections_end_with_1001_and_no_ticket_was_ever_written_down()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var app = await AppProcess.StartReadyAsync(database.Url, worker: false, ("LOG_LEVEL", "debug"));
        using var answer = await app.Http.PostAsync("/api/live/tickets", null);
        var ticket = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ticket").GetString()!;
        using var byTicket = await LiveClient.ConnectAsync(app.Address, $"?ticket={ticket}");
        using var byKey = await LiveClient.ConnectAsync(app.Address, key: AppProcess.Key);
        await Poll.UntilAsync("the shipped model answers", async () => (await byTicket.AskAsync(1, 0.5)).TryGetProperty("model", out _));
        Assert.True((await byKey.AskAsync(2, 0.5)).TryGetProperty("letter", out _));
        Assert.Equal(401, await LiveClient.StatusAsync(app.Address, $"?ticket={ticket}"));

        app.Signal(AppProcess.Terminate);
        foreach (var client in new[] { byTicket, byKey })
        {
            Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, await client.ClosedAsync());
            await client.Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        }
        Assert.Equal(0, await app.ExitAsync());
        Assert.DoesNotContain(ticket, app.Output);
        Assert.DoesNotContain("ticket=", app.Output);
    }
}
