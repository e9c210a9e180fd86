using System.Net.Http.Json;
using System.Text.Json;
using App.Exchange.Messages.OutboundWebhooks;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Exchange.Messages;

/// <summary>Which endpoints an event goes to.</summary>
public sealed class WebhookEventsTests(AppHost host) : IClassFixture<AppHost>
{
    private readonly string organization = $"o{Guid.NewGuid():N}";

    [Theory]
    [InlineData("order.paid", "all exact family star")]
    [InlineData("order.item.added", "all family nested star")]
    [InlineData("orders.paid", "all star")]
    [InlineData("order", "all star")]
    public async Task An_event_goes_to_whoever_asked_for_it_its_families_or_everything(string type, string expected)
    {
        await RegisterAsync("all");
        await RegisterAsync("exact", "order.paid");
        await RegisterAsync("family", "order.*");
        await RegisterAsync("nested", "order.item.*");
        await RegisterAsync("star", "*");
        await RegisterAsync("other", "user.*", "order.refunded");
        await PublishAsync(type);
        Assert.Equal(expected, await ToldAsync());
        Assert.Equal(type,
            await host.ScalarAsync<string>(
                $"select string_agg(distinct event_type, ' ') from messages where organization = '{organization}'"));
    }

    [Fact]
    public async Task Whoever_is_closed_deleted_only_remembered_or_of_another_organization_is_not_told()
    {
        using var http = await RegisterAsync("open");
        var closed = await IdAsync(http, "closed");
        (await http.PatchAsJsonAsync($"/api/webhook-endpoints/{closed}", new { enabled = false })).Dispose();
        (await http.DeleteAsync($"/api/webhook-endpoints/{await IdAsync(http, "deleted")}")).Dispose();
        await host.ExecuteAsync(
            $"insert into webhook_endpoints (organization, url, failures) values ('{organization}', 'https://example.com/remembered', 1)");
        using var stranger = host.ClientOfItsOwn();
        await IdAsync(stranger, "strangers");
        Assert.Single(await PublishAsync("order.paid"));
        Assert.Equal("open", await ToldAsync());

        (await http.PatchAsJsonAsync($"/api/webhook-endpoints/{closed}", new { enabled = true })).Dispose();
        Assert.Equal(2, (await PublishAsync("order.paid")).Count);
    }

    [Fact]
    public async Task It_goes_out_with_the_commit_and_needs_one()
    {
        await RegisterAsync("all");
        await PublishAsync("order.paid", commit: false);
        Assert.Equal("", await ToldAsync());
        await using var scope = host.Services.CreateAsyncScope();
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            scope.ServiceProvider.GetRequiredService<WebhookEvents>()
                .PublishAsync(scope.ServiceProvider.GetRequiredService<AppDbContext>(), organization, "order.paid", "{}", default));
    }

    private async Task<IReadOnlyList<Guid>> PublishAsync(string type, bool commit = true)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var messages = await scope.ServiceProvider.GetRequiredService<WebhookEvents>()
            .PublishAsync(db, organization, type, """{"a":1}""", default);
        if (commit) await transaction.CommitAsync();
        return messages;
    }

    private async Task<HttpClient> RegisterAsync(string name, params string[] types)
    {
        var http = host.Client(Jwt.Of(organization, "admin"));
        await IdAsync(http, name, types);
        return http;
    }

    private static async Task<Guid> IdAsync(HttpClient http, string name, params string[] types)
    {
        using var response = await http.PostAsJsonAsync("/api/webhook-endpoints",
            new { url = $"https://example.com/{name}", eventTypes = types });
        Assert.Equal(201, (int)response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private Task<string> ToldAsync() =>
        host.ScalarAsync<string>(
            "select coalesce(string_agg(substr(recipient, 21), ' ' order by recipient), '') from messages "
            + $"where organization = '{organization}'");
}
