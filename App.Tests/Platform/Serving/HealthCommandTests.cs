using System.Net;
using App.Platform.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Platform.Serving;

public sealed class HealthCommandTests
{
    [Fact]
    public async Task A_ready_server_is_healthy()
    {
        await using var server = await AnsweringAsync(StatusCodes.Status200OK);
        await HealthCommand.RequireReadyAsync(PortOf(server), CancellationToken.None);
    }

    [Fact]
    public async Task A_server_that_is_not_ready_is_unavailable_and_its_answer_is_told()
    {
        await using var server = await AnsweringAsync(StatusCodes.Status503ServiceUnavailable);
        var fault =
            await Assert.ThrowsAsync<UnavailableException>(() => HealthCommand.RequireReadyAsync(PortOf(server), CancellationToken.None));
        Assert.Contains("503", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_on_which_nobody_listens_is_unavailable()
    {
        // Below those that are handed out: nobody else comes to listen there meanwhile.
        const int port = 1;
        var fault = await Assert.ThrowsAsync<UnavailableException>(() => HealthCommand.RequireReadyAsync(port, CancellationToken.None));
        Assert.Contains($"PORT {port}", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> AnsweringAsync(int status)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.MapGet("/health/ready", () => Results.StatusCode(status));
        await app.StartAsync(CancellationToken.None);
        // The first request takes the longest, and the command waits for no more than seconds.
        using var client = new HttpClient();
        using var first = await client.GetAsync(new Uri($"http://127.0.0.1:{PortOf(app)}/health/ready"));
        return app;
    }

    private static int PortOf(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
}
