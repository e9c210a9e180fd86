using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Messages;

/// <summary>Email against a server on loopback that speaks as real ones do, and the step that sends a message.</summary>
public sealed class ChannelTests
{
    [Fact]
    public async Task Email_is_handed_to_the_server_and_tried_again_when_it_is_busy()
    {
        await using var smtp =
            new SmtpSink { AnswerRecipient = times => times == 1 ? "451 4.7.1 Greylisted, try again later" : "250 2.1.5 Ok" };
        await using var host = await MessageHost.StartAsync(("SMTP_URL", $"smtp://127.0.0.1:{smtp.Port}?from=shop@example.com"));
        var id = await host.PostAsync("email", "ada@example.com", new { subject = "Your order", text = "It is on its way." });
        await Poll.UntilAsync("it waits",
            () => host.App.ScalarAsync<bool>("select exists (select from messages where state = 'pending' and attempts = 1)"));
        Assert.Empty(smtp.Mails);
        await Poll.UntilAsync("its job waits",
            () => host.App.ScalarAsync<bool>("select exists (select from jobs where state = 'scheduled' and queue = 'messages')"));
        await host.ForwardAsync();
        await host.UntilAsync(id, "delivered");
        var mail = Assert.Single(smtp.Mails);
        Assert.Contains("Subject: Your order", mail);
        Assert.Contains($"<{id:N}@example.com>", mail);
        Assert.Contains("It is on its way.", mail);
    }

    [Fact]
    public async Task An_address_that_the_server_refuses_makes_the_email_dead()
    {
        await using var smtp = new SmtpSink { AnswerRecipient = _ => "550 5.1.1 No such user" };
        await using var host = await MessageHost.StartAsync(("SMTP_URL", $"smtp://127.0.0.1:{smtp.Port}?from=shop@example.com"));
        var id = await host.PostAsync("email", "nobody@example.com", new { subject = "Hello", text = "Hello" });
        await host.UntilAsync(id, "dead");
        Assert.Equal(550, (await host.GetAsync(id)).GetProperty("deliveries")[0].GetProperty("status").GetInt32());
    }

    [Fact]
    public async Task A_step_sends_one_message_and_succeeds_when_it_is_delivered()
    {
        await using var host = await MessageHost.StartAsync();
        var plan = new
        {
            plan = new
            {
                goal = "tell",
                steps = new[] { new { name = "tell", handler = "message.send",
                input = new { channel = "webhook", to = host.UrlOf("/told"), body = new { order = 17 } } } }
            }
        };
        using var response = await host.App.Http.PostAsJsonAsync("/api/runs", plan);
        Assert.Equal(201, (int)response.StatusCode);
        var run = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString();
        var found = default(JsonElement);
        await Poll.UntilAsync("the run succeeds", async () =>
        {
            found = await host.App.Http.GetFromJsonAsync<JsonElement>($"/api/runs/{run}");
            return found.GetProperty("status").GetString() == "succeeded";
        }, whatElse: () => found.GetRawText());
        var seen = host.Sink.At("/told").Single();
        Assert.Equal(seen.Header("webhook-id"), found.GetProperty("steps")[0].GetProperty("output").GetProperty("id").GetString());
        Assert.Equal("""{"order":17}""", seen.Body);
    }

    [Fact]
    public async Task The_same_idempotency_key_is_the_same_message()
    {
        await using var host = await MessageHost.StartAsync();
        async Task<(int Status, string Text)> SendAsync(int n)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/messages") { Headers = { { "Idempotency-Key", "k1" } } };
            request.Content = JsonContent.Create(new { channel = "webhook", to = host.UrlOf("/once"), body = new { n } });
            using var response = await host.App.Http.SendAsync(request);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        var id = JsonElement.Parse((await SendAsync(1)).Text).GetProperty("id").GetGuid();
        await host.UntilAsync(id, "delivered");
        var again = await SendAsync(1);
        Assert.Equal((202, id), (again.Status, JsonElement.Parse(again.Text).GetProperty("id").GetGuid()));
        Assert.Equal(422, (await SendAsync(2)).Status);
        Assert.Single(host.Sink.At("/once"));
    }
}
