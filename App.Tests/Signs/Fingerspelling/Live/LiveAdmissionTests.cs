using System.Net;
using System.Net.WebSockets;
using App.Tests.Fixtures;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>Who may open a live connection.</summary>
public sealed class LiveAdmissionTests(LiveHost host) : IClassFixture<LiveHost>
{
    private Uri Address => host.App.Address;

    [Fact]
    public async Task A_key_in_the_header_opens_it_and_nothing_else_but_a_ticket_does()
    {
        var reader = await host.App.NewKeyAsync("o1", "read");
        var writer = await host.App.NewKeyAsync("o1", "ingest");
        Assert.Equal(101, await LiveClient.StatusAsync(Address, key: reader));
        Assert.Equal(101, await LiveClient.StatusAsync(Address, key: Jwt.Of("o2", "read")));
        Assert.Equal(401, await LiveClient.StatusAsync(Address, key: writer));
        Assert.Equal(401, await LiveClient.StatusAsync(Address, key: "wrong"));
        Assert.Equal(401, await LiveClient.StatusAsync(Address));
        Assert.Equal(401, await LiveClient.StatusAsync(Address, headers: ("Cookie", $"tandem_key={reader}")));
        Assert.Equal(401, await LiveClient.StatusAsync(Address, $"?ticket={reader}"));
    }

    [Fact]
    public async Task A_ticket_is_good_once_in_any_process()
    {
        await using var other = await LiveHost.StartAsync(host.DatabaseUrl);
        var (first, second) = (await host.TicketAsync(), await host.TicketAsync());
        Assert.Equal(101, await LiveClient.StatusAsync(Address, $"?ticket={first}"));
        Assert.Equal(101, await LiveClient.StatusAsync(other.App.Address, $"?ticket={second}"));
        foreach (var used in new[] { first, second })
        {
            Assert.Equal(401, await LiveClient.StatusAsync(Address, $"?ticket={used}"));
            Assert.Equal(401, await LiveClient.StatusAsync(other.App.Address, $"?ticket={used}"));
        }
    }

    [Fact]
    public async Task A_ticket_grows_old_and_is_swept_by_those_that_follow()
    {
        var ticket = await host.TicketAsync();
        await host.App.ExecuteAsync("update live_tickets set expires_at = clock_timestamp() - interval '1 second'");
        Assert.Equal(401, await LiveClient.StatusAsync(Address, $"?ticket={ticket}"));
        await host.TicketAsync();
        await host.App.ExecuteAsync("update live_tickets set expires_at = clock_timestamp() - interval '1 hour'");
        await host.TicketAsync();
        Assert.Equal(1, await host.App.ScalarAsync<long>("select count(*) from live_tickets"));
        Assert.Equal(0, await host.App.ScalarAsync<long>($"select count(*) from live_tickets where ticket::text like '%{ticket}%'"));
    }

    [Fact]
    public async Task A_ticket_needs_a_key_that_may_read_and_a_page_needs_its_header()
    {
        using var nobody = host.App.Client(null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.PostAsync("/api/live/tickets", null)).StatusCode);
        using var ingest = host.App.Client(await host.App.NewKeyAsync("o1", "ingest"));
        Assert.Equal(HttpStatusCode.Forbidden, (await ingest.PostAsync("/api/live/tickets", null)).StatusCode);
        using var page = new HttpRequestMessage(HttpMethod.Post,
            "/api/live/tickets")
        { Headers = { { "Cookie", $"tandem_key={AppHost.AdminKey}" } } };
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.SendAsync(page)).StatusCode);
        using var ours = new HttpRequestMessage(HttpMethod.Post,
            "/api/live/tickets")
        { Headers = { { "Cookie", $"tandem_key={AppHost.AdminKey}" }, { "X-Tandem-Page", "1" } } };
        using var answer = await nobody.SendAsync(ours);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task Pages_of_other_sites_are_refused_even_with_a_key()
    {
        await using var allowing = await LiveHost.StartAsync(host.DatabaseUrl, ("LIVE_ORIGINS", "https://app.example.org"));
        Assert.Equal(101,
            await LiveClient.StatusAsync(Address, key: AppHost.AdminKey, headers: ("Origin", $"http://localhost:{Address.Port}")));
        foreach (var origin in new[] { "https://app.example.org", "null", "http://localhost:1", $"http://127.0.0.1:{Address.Port}",
            $"http://localhost.evil.example:{Address.Port}", "file://" })
            Assert.Equal(403, await LiveClient.StatusAsync(Address, key: AppHost.AdminKey, headers: ("Origin", origin)));
        Assert.Equal(101,
            await LiveClient.StatusAsync(allowing.App.Address, key: AppHost.AdminKey, headers: ("Origin", "https://app.example.org")));
    }

    [Fact]
    public async Task Beyond_the_limit_there_is_503_and_a_place_comes_free()
    {
        await using var small = await LiveHost.StartAsync(host.DatabaseUrl, ("LIVE_CONNECTIONS", "2"));
        using var first = await small.ConnectAsync();
        using (var second = await small.ConnectAsync())
        {
            var ticket = await small.TicketAsync();
            Assert.Equal(503, await LiveClient.StatusAsync(small.App.Address, $"?ticket={ticket}"));
            await second.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
            await Poll.UntilAsync("the ticket, which was not used up, finds a place",
                async () => await LiveClient.StatusAsync(small.App.Address, $"?ticket={ticket}") == 101);
        }
        Assert.Equal(401, await LiveClient.StatusAsync(small.App.Address, key: "wrong"));
    }

    [Fact]
    public async Task What_is_no_handshake_or_has_a_wrong_option_is_told_so()
    {
        using var plain = await host.App.Http.GetAsync("/ws/landmarks");
        Assert.Equal(HttpStatusCode.UpgradeRequired, plain.StatusCode);
        Assert.Equal(422, await LiveClient.StatusAsync(Address, "?spell=perhaps", AppHost.AdminKey));
        Assert.Equal(422, await LiveClient.StatusAsync(Address, "?spell=true&holdMs=0", AppHost.AdminKey));
    }
}
