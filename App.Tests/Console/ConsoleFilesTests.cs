using System.Net;

namespace App.Tests.WebConsole;

public sealed class ConsoleFilesTests(StubServer server) : IClassFixture<StubServer>, IDisposable
{
    private readonly HttpClient client = new() { BaseAddress = new Uri(server.Address) };

    [Theory]
    [InlineData("app.js", "text/javascript")]
    [InlineData("console.css", "text/css")]
    [InlineData("icon.svg", "image/svg+xml")]
    [InlineData("lib/uPlot.iife.min.js", "text/javascript")]
    [InlineData("lib/uPlot.min.css", "text/css")]
    public async Task An_asset_needs_no_key_and_is_sent_once(string name, string type)
    {
        using var first = await client.GetAsync($"/assets/{name}");
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/assets/{name}");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await client.SendAsync(again);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(type, first.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", Assert.Single(first.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Theory]
    [InlineData("none.js")]
    [InlineData("..%2fconsole.html")]
    [InlineData("%2e%2e/%2e%2e/appsettings.json")]
    [InlineData("lib/..%5c..%5cconsole.html")]
    public async Task Only_what_lies_under_assets_is_served(string path)
    {
        using var answer = await client.GetAsync($"/assets/{path}");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();
}
