using System.Net;
using App.Tests.Energy.Readings;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Auth;

public sealed class JwtTests(AppHost host) : IClassFixture<AppHost>
{
    public static TheoryData<string, string> Bad() => new()
    {
        { "expired", Jwt.Sign(new { org = "a", scope = "read", exp = Jwt.InSeconds(-120) }) },
        { "not yet", Jwt.Sign(new { org = "a", scope = "read", exp = Jwt.InSeconds(7200), nbf = Jwt.InSeconds(3600) }) },
        { "another secret",
            Jwt.Sign(new { org = "a", scope = "read", exp = Jwt.InSeconds(600) }, "another-secret-of-forty-bytes-and-a-few-more") },
        { "no signature", Jwt.Sign(new { org = "a", scope = "read", exp = Jwt.InSeconds(600) }, algorithm: "none") },
        { "another algorithm", Jwt.Sign(new { org = "a", scope = "read", exp = Jwt.InSeconds(600) }, algorithm: "HS512") },
        { "no exp", Jwt.Sign(new { org = "a", scope = "read" }) },
        { "no org", Jwt.Sign(new { scope = "read", exp = Jwt.InSeconds(600) }) },
        { "empty org", Jwt.Sign(new { org = "", scope = "read", exp = Jwt.InSeconds(600) }) },
        { "an org that is no name", Jwt.Sign(new { org = "a\0b", scope = "read", exp = Jwt.InSeconds(600) }) },
        { "a long org", Jwt.Sign(new { org = new string('a', 129), scope = "read", exp = Jwt.InSeconds(600) }) },
        { "two orgs", Jwt.Sign(new { org = new[] { "a", "b" }, scope = "read", exp = Jwt.InSeconds(600) }) },
        { "no JSON", "eyJhbGciOiJIUzI1NiJ9.eyJ.x" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_bad_token_is_refused(string why, string token)
    {
        using var http = host.Client(token);
        using var response = await http.GetAsync("/api/buildings");
        Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, why);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task Scopes_may_be_one_text_or_several()
    {
        foreach (object scope in new object[] { "ingest read", new[] { "ingest", "read" } })
        {
            using var http = host.Client(Jwt.Sign(new { org = "jwt", scope, exp = Jwt.InSeconds(600) }));
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/buildings")).StatusCode);
            Assert.Equal(1, (await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))).Counts.Accepted);
            Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/api/pipeline/dead")).StatusCode);
        }
        using var reader = host.Client(Jwt.Of("jwt", "read"));
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))).Status);
        using var none = host.Client(Jwt.Sign(new { org = "jwt", exp = Jwt.InSeconds(600) }));
        Assert.Equal(HttpStatusCode.Forbidden, (await none.GetAsync("/api/buildings")).StatusCode);
    }

    [Fact]
    public async Task Without_a_secret_no_token_is_taken()
    {
        await using var own = await AppHost.StartAsync(null, ("JWT_SECRET_KEY", ""));
        using var http = own.Client(Jwt.Of("jwt", "read"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/buildings")).StatusCode);
    }
}
