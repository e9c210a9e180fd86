using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Platform.Auth;
using App.Platform.Configuration;
using App.Tests.Energy.Readings;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Platform.Auth;

/// <summary>One organization never sees another's; a cookie only reads; a revoked key ends.</summary>
public sealed class TenantTests(AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task Two_organizations_have_their_own_building_of_one_id()
    {
        using var one = host.Client(await host.NewKeyAsync("one", Scopes.Ingest, Scopes.Read));
        using var two = host.Client(await host.NewKeyAsync("two", Scopes.Ingest, Scopes.Read));
        await one.SendAsync(Post.Body(Post.Item("shared", Post.NewYear, 1), Post.Item("only-one", Post.NewYear, 1)));
        Assert.Equal((1, 1), (await two.SendAsync(Post.Body(Post.Item("shared", Post.NewYear, 2)))).Counts);
        Assert.Equal(["only-one", "shared"], await one.BuildingsAsync());
        Assert.Equal(["shared"], await two.BuildingsAsync());
        Assert.Equal(1, Assert.Single(await one.ReadingsAsync("shared")).Watts);
        Assert.Equal(2, Assert.Single(await two.ReadingsAsync("shared")).Watts);
        foreach (var path in new[] { "/api/buildings/only-one/readings", "/api/buildings/only-one/predictions" })
        {
            Assert.Equal(HttpStatusCode.OK, (await one.GetAsync(path)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await two.GetAsync(path)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync(path)).StatusCode);
        }
        var next = (await one.GetFromJsonAsync<JsonElement>("/api/buildings?limit=1")).GetProperty("next").GetString();
        Assert.DoesNotContain("only-one", await two.GetStringAsync("/api/buildings?cursor=" + next));
    }

    [Fact]
    public async Task A_cookie_reads_and_never_writes()
    {
        using var http = host.Client(null);
        http.DefaultRequestHeaders.Add("Cookie", $"{KeyAuthentication.Cookie}={AppHost.AdminKey}");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/buildings")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsync("/api/pipeline/dead/1/redrive", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsync("/api/models/x/1/activate", null)).StatusCode);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_once_it_is_forgotten()
    {
        var clock = new ManualTime();
        var keys = new ApiKeyStore(host.Services.GetRequiredService<IServiceScopeFactory>(),
            host.Services.GetRequiredService<PlatformOptions>(), clock);
        var secret = await host.NewKeyAsync("revoked", Scopes.Read);
        Assert.Equal("revoked", (await keys.FindAsync(secret, default))!.Organization());
        await host.ExecuteAsync("update api_keys set revoked_at = now() where organization = 'revoked'");
        clock.Advance(ApiKeyStore.Remembered + TimeSpan.FromSeconds(1));
        Assert.Null(await keys.FindAsync(secret, default));
        using var http = host.Client(secret);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/buildings")).StatusCode);
    }

    [Fact]
    public async Task A_key_is_kept_as_its_hash()
    {
        var secret = await host.NewKeyAsync("hashed", Scopes.Read);
        Assert.Equal(0,
            await host.ScalarAsync<long>(
                $"select count(*) from api_keys k where k::text like '%{secret}%' or k::text like "
                + $"'%{Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(secret)).ToLowerInvariant()}%'"));
        Assert.Equal(1,
            await host.ScalarAsync<long>($"select count(*) from api_keys where hash = '\\x{Convert.ToHexString(ApiKey.HashOf(secret))}'"));
    }
}
