using System.Net;
using App.Platform.Auth;
using App.Platform.Database;
using App.WebConsole;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.WebConsole;

public sealed class SignInTests(StubServer server) : IClassFixture<StubServer>, IDisposable
{
    private readonly HttpClient client =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(server.Address) };

    [Fact]
    public async Task A_link_with_the_key_sets_a_strict_cookie_and_leads_to_the_page_without_the_key()
    {
        using var answer = await client.GetAsync($"/?key={StubServer.Key}");

        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.Equal("/", answer.Headers.Location!.OriginalString);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith($"tandem_key={StubServer.Key}; max-age=2592000; path=/;", cookie, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.DoesNotContain("secure", cookie, StringComparison.Ordinal);
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task Behind_TLS_the_cookie_is_secure()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/?key={StubServer.Key}");
        request.Headers.Add("X-Forwarded-Proto", "https");
        using var answer = await client.SendAsync(request);

        Assert.Contains("secure", Assert.Single(answer.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData("wrong <b>&amp; “long”")]
    public async Task A_wrong_key_gets_the_form_with_an_error(string key)
    {
        using var form = new FormUrlEncodedContent([new("key", key)]);
        using var answer = await client.PostAsync("/sign-in", form);
        var page = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("role=\"alert\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task A_wrong_key_in_the_link_gets_the_form_with_an_error()
    {
        using var answer = await client.GetAsync($"/?key={new string('x', 600)}");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("role=\"alert\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_key_needs_the_scope_read()
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
        var reader = await ApiKeyStore.CreateAsync(db, "acme", "wall display", [Scopes.Read], CancellationToken.None);
        var sender = await ApiKeyStore.CreateAsync(db, "acme", "meter", [Scopes.Ingest], CancellationToken.None);

        using var accepted = await client.GetAsync($"/?key={reader}");
        using var refused = await client.GetAsync($"/?key={sender}");

        Assert.Equal(HttpStatusCode.SeeOther, accepted.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.False(refused.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Without_a_key_the_page_is_the_form_and_with_the_cookie_it_is_the_console()
    {
        var form = await client.GetStringAsync("/");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add("Cookie", $"{KeyAuthentication.Cookie}={StubServer.Key}");
        using var answer = await client.SendAsync(request);

        Assert.Contains("action=\"/sign-in\"", form, StringComparison.Ordinal);
        Assert.Contains("id=\"chart\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HtmlPage.Policy, Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/sign-out")]
    public async Task A_form_that_another_site_posts_is_refused(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post,
            path)
        { Content = new FormUrlEncodedContent([new("key", StubServer.Key)]) };
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        using var answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Bodies_that_are_no_small_form_are_refused()
    {
        using var json = new StringContent("{}");
        using var unread = await client.PostAsync("/sign-in", json);
        using var large = new FormUrlEncodedContent([new("key", new string('x', 20_000))]);
        using var refused = await client.PostAsync("/sign-in", large);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, unread.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Fact]
    public async Task Signing_out_takes_the_cookie_away()
    {
        using var answer = await client.PostAsync("/sign-out", null);

        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.Contains("tandem_key=; expires=Thu, 01 Jan 1970", Assert.Single(answer.Headers.GetValues("Set-Cookie")),
            StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();
}
