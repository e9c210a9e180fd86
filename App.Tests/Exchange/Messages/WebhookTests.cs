using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using App.Exchange.Messages;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Exchange.Messages;

/// <summary>Webhooks as Standard Webhooks 1.0 says, against an endpoint on loopback.</summary>
public sealed class WebhookTests
{
    [Fact]
    public async Task A_webhook_is_signed_over_the_bytes_that_were_sent()
    {
        await using var host = await MessageHost.StartAsync();
        var id = await host.PostAsync("webhook", host.UrlOf("/hook"), JsonElement.Parse("""{ "b": 1.50, "a": "é" }"""));
        await host.UntilAsync(id, "delivered");
        var seen = Assert.Single(host.Sink.At("/hook"));
        Assert.Equal(id.ToString(), seen.Header("webhook-id"));
        Assert.Equal("application/json", seen.Header("content-type"));
        Assert.Equal(Signature(MessageHost.SigningSecret, seen), seen.Header("webhook-signature"));
        var answer = await host.GetAsync(id);
        var delivery = Assert.Single(answer.GetProperty("deliveries").EnumerateArray());
        Assert.Equal((1, "delivered", 200),
            (delivery.GetProperty("number").GetInt32(), delivery.GetProperty("outcome").GetString(),
                delivery.GetProperty("status").GetInt32()));
        Assert.Equal(seen.Header("webhook-signature"),
            delivery.GetProperty("request").GetProperty("headers").GetProperty("webhook-signature").GetString());
    }

    [Fact]
    public async Task A_registered_endpoint_has_a_secret_of_its_own_and_two_while_it_is_rotated()
    {
        await using var host = await MessageHost.StartAsync();
        var endpoint = await RegisterAsync(host, "/mine");
        var (id, first) = (endpoint.GetProperty("id").GetGuid(), endpoint.GetProperty("secret").GetString()!);
        Assert.StartsWith("whsec_", first);
        Assert.Equal(JsonValueKind.Null,
            (await host.App.Http.GetFromJsonAsync<JsonElement>($"/api/webhook-endpoints/{id}")).GetProperty("secret").ValueKind);

        var rotated =
            await (await host.App.Http.PostAsJsonAsync($"/api/webhook-endpoints/{id}/rotate",
                new { graceHours = 1 })).Content.ReadFromJsonAsync<JsonElement>();
        var second = rotated.GetProperty("secret").GetString()!;
        await host.UntilAsync(await host.PostAsync("webhook", host.UrlOf("/mine"), new { n = 1 }), "delivered");
        var seen = host.Sink.At("/mine").Single();
        Assert.Equal($"{Signature(second, seen)} {Signature(first, seen)}", seen.Header("webhook-signature"));

        await host.App.ExecuteAsync("update webhook_endpoints set previous_until = clock_timestamp()");
        await host.UntilAsync(await host.PostAsync("webhook", host.UrlOf("/mine"), new { n = 2 }), "delivered");
        Assert.Equal(Signature(second, host.Sink.At("/mine")[1]), host.Sink.At("/mine")[1].Header("webhook-signature"));
    }

    [Fact]
    public async Task A_failing_webhook_is_repeated_under_its_id_by_the_schedule_and_dies_after_it_and_can_be_driven_again()
    {
        await using var host = await MessageHost.StartAsync();
        host.Sink.Answer = (_, number, context) =>
        {
            if (number <= 4) context.Response.StatusCode = number % 2 == 0 ? 302 : 500;
            return context.Response.WriteAsync("no", default);
        };
        var id = await host.PostAsync("webhook", host.UrlOf("/hook"), new { a = 1 });
        await host.UntilAsync(id, "dead");
        Assert.Equal(4, host.Sink.At("/hook").Count);
        Assert.Single(host.Sink.At("/hook").Select(request => request.Header("webhook-id")).Distinct());
        var dead = await host.GetAsync(id);
        Assert.Equal([500, 302, 500, 302],
            dead.GetProperty("deliveries").EnumerateArray().Select(delivery => delivery.GetProperty("status").GetInt32()));
        Assert.Equal("no", dead.GetProperty("deliveries")[0].GetProperty("responseBody").GetString());
        Assert.Contains("redirects are not followed", dead.GetProperty("error").GetString());

        var redriven =
            await (await host.App.Http.PostAsJsonAsync("/api/messages/redrive",
                new { status = "dead", error = "REDIRECTS" })).Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(1, redriven.GetProperty("redriven").GetInt32());
        await host.UntilAsync(id, "delivered");
        Assert.Equal(5, (await host.GetAsync(id)).GetProperty("attempts").GetInt32());
        Assert.Equal(HttpStatusCode.Conflict, (await host.App.Http.PostAsync($"/api/messages/{id}/redrive", null)).StatusCode);
    }

    [Fact]
    public async Task One_whose_worker_died_while_it_was_sent_is_sent_again_however_often_its_answer_is_lost()
    {
        await using var host = await MessageHost.StartAsync();
        host.Sink.Answer = (_, number, context) =>
        {
            if (number < 3) context.Abort();
            return Task.CompletedTask;
        };
        var message = host.Webhook("/hook");
        await using (var scope = host.App.Services.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync();
            await scope.ServiceProvider.GetRequiredService<Outbox>().AddAsync(db, message, default);
            // As a slow attempt leaves it behind.
            await db.Database.ExecuteSqlAsync(
                $"update messages set state = 'sending', sent_at = clock_timestamp() where id = {message.Id}");
            await transaction.CommitAsync();
        }
        await host.UntilAsync(message.Id, "delivered");
        Assert.Equal(["lost", "lost", "delivered"],
            (await host.GetAsync(message.Id)).GetProperty("deliveries")
                .EnumerateArray().Select(delivery => delivery.GetProperty("outcome").GetString()));
        Assert.Equal([message.Id.ToString()], host.Sink.At("/hook").Select(request => request.Header("webhook-id")!).Distinct());
    }

    [Fact]
    public async Task A_410_closes_the_endpoint_until_it_is_enabled()
    {
        await using var host = await MessageHost.StartAsync();
        var endpoint = (await RegisterAsync(host, "/gone")).GetProperty("id").GetGuid();
        host.Sink.Answer = (_, number, context) =>
        {
            if (number == 1) context.Response.StatusCode = 410;
            return Task.CompletedTask;
        };
        var first = await host.PostAsync("webhook", host.UrlOf("/gone"), new { n = 1 });
        await host.UntilAsync(first, "dead");
        var second = await host.PostAsync("webhook", host.UrlOf("/gone"), new { n = 2 });
        await host.UntilAsync(second, "dead");
        Assert.Single(host.Sink.At("/gone"));
        Assert.Contains("closed", (await host.GetAsync(second)).GetProperty("error").GetString());

        await host.App.Http.PatchAsJsonAsync($"/api/webhook-endpoints/{endpoint}", new { enabled = true });
        await host.App.Http.PostAsync($"/api/messages/{second}/redrive", null);
        await host.UntilAsync(second, "delivered");

        // The endpoint shows its attempts, the newest first, in pages.
        var page = await host.App.Http.GetFromJsonAsync<JsonElement>($"/api/webhook-endpoints/{endpoint}/deliveries?limit=1");
        var rest =
            await host.App.Http.GetFromJsonAsync<JsonElement>(
                $"/api/webhook-endpoints/{endpoint}/deliveries?limit=1&cursor={page.GetProperty("next").GetString()}");
        var shown = page.GetProperty("deliveries").EnumerateArray().Concat(rest.GetProperty("deliveries").EnumerateArray()).ToList();
        Assert.Equal([(second, "delivered", 200), (first, "refused", 410)],
            shown.Select(one =>
                (one.GetProperty("messageId").GetGuid(), one.GetProperty("outcome").GetString(), one.GetProperty("status").GetInt32())));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task Retry_after_is_honoured_and_a_far_away_attempt_does_not_hold_those_behind_it()
    {
        await using var host = await MessageHost.StartAsync(("WEBHOOK_RETRY_SCHEDULE", "0,1,1"));
        var refused = 0;
        host.Sink.Answer = (request, _, context) =>
        {
            if (request.Body != """{"n":1}""" || Interlocked.Exchange(ref refused, 1) == 1) return Task.CompletedTask;
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "600";
            return Task.CompletedTask;
        };
        var first = host.Webhook("/busy", """{"n":1}""");
        var second = host.Webhook("/busy", """{"n":2}""");
        await host.AddAsync(first, second);
        await host.UntilAsync(second.Id, "delivered");
        await Poll.UntilAsync("the first waits as it was told",
            () =>
                host.App.ScalarAsync<bool>(
                    "select state = 'pending' and coalesce(next_at > clock_timestamp() + interval '500 s', false) from messages "
                    + $"where id = '{first.Id}'"));
        await host.ForwardAsync();
        await host.UntilAsync(first.Id, "delivered");
    }

    [Fact]
    public async Task An_endpoint_that_fails_in_a_row_is_left_alone_and_probed_and_closed_again_by_a_success()
    {
        await using var host = await MessageHost.StartAsync(("WEBHOOK_RETRY_SCHEDULE", string.Join(',', Enumerable.Repeat("0.01", 30))));
        var works = false;
        host.Sink.Answer = (_, _, context) =>
        {
            if (!works) context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        var message = host.Webhook("/weak");
        await host.AddAsync(message);
        await Poll.UntilAsync("the circuit is open",
            () => host.App.ScalarAsync<bool>("select exists (select from webhook_endpoints where open_until > clock_timestamp())"));
        Assert.Equal(8, host.Sink.At("/weak").Count);
        works = true;
        await Poll.UntilAsync("it waits",
            () => host.App.ScalarAsync<bool>("select exists (select from jobs where state = 'scheduled' and queue = 'messages')"));
        await host.ForwardAsync();
        await host.UntilAsync(message.Id, "delivered");
        Assert.Equal(9, host.Sink.At("/weak").Count);
        Assert.Equal(0, await host.App.ScalarAsync<int>("select failures from webhook_endpoints"));
    }

    [Fact]
    public async Task Private_addresses_are_refused_and_what_cannot_be_signed_is_not_taken()
    {
        await using var host = await MessageHost.StartAsync(("EGRESS_ALLOW", ""), ("WEBHOOK_SIGNING_SECRET", ""));
        // A name, which is looked at when the connection is opened.
        var named = host.UrlOf("/hook").Replace("127.0.0.1", "localhost");
        using var unsigned = await host.App.Http.PostAsJsonAsync("/api/messages", new { channel = "webhook", to = named, body = new { } });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unsigned.StatusCode);
        Assert.Contains("WEBHOOK_SIGNING_SECRET", await unsigned.Content.ReadAsStringAsync());
        using var registered = await host.App.Http.PostAsJsonAsync("/api/webhook-endpoints", new { url = named });
        Assert.Equal(HttpStatusCode.Created, registered.StatusCode);
        var id = await host.PostAsync("webhook", named, new { });
        await host.UntilAsync(id, "dead");
        Assert.Contains("EGRESS_ALLOW", (await host.GetAsync(id)).GetProperty("error").GetString());

        // So is an address, in every form.
        foreach (var url in new[] { host.UrlOf("/hook"), "http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest", "http://[fd00::1]:8080/" })
        {
            using var endpoint = await host.App.Http.PostAsJsonAsync("/api/webhook-endpoints", new { url });
            Assert.Equal(HttpStatusCode.Created, endpoint.StatusCode);
            var refused = await host.PostAsync("webhook", url, new { });
            await host.UntilAsync(refused, "dead");
            Assert.Contains("EGRESS_ALLOW", (await host.GetAsync(refused)).GetProperty("error").GetString());
        }
        Assert.Empty(host.Sink.Requests);
    }

    private static async Task<JsonElement> RegisterAsync(MessageHost host, string path)
    {
        using var response = await host.App.Http.PostAsJsonAsync("/api/webhook-endpoints",
            new { url = host.UrlOf(path), eventTypes = Array.Empty<string>() });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string Signature(string secret, SeenRequest seen) => "v1," + Convert.ToBase64String(HMACSHA256.HashData(
        Convert.FromBase64String(secret["whsec_".Length..]),
        Encoding.UTF8.GetBytes($"{seen.Header("webhook-id")}.{seen.Header("webhook-timestamp")}.{seen.Body}")));
}
