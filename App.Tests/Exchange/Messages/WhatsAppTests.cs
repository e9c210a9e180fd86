using System.Net.Http.Json;
using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages;
using App.Exchange.Messages.Channels;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Exchange.Messages;

/// <summary>WhatsApp's Cloud API with its errors, on loopback.</summary>
public sealed class WhatsAppTests
{
    private const string To = "+2348012345678";
    private const string Path = "/v23.0/10001/messages";

    private static readonly (string,
        string)[] Configured = [("WHATSAPP_ACCESS_TOKEN", "EAAG-token"), ("WHATSAPP_PHONE_NUMBER_ID", "10001"),
            ("WHATSAPP_API_BASE_URL", "{sink}"), ("WHATSAPP_TIMEOUT_MS", "60000")];

    [Theory]
    [InlineData("""{"text":"Hello"}""", """{"body":"Hello"}""", "text")]
    [InlineData("""{"type":"template","template":{"name":"order","language":{"code":"en"}}}""",
        """{"name":"order","language":{"code":"en"}}""", "template")]
    [InlineData("""{"type":"image","image":{"link":"https://example.com/a.png","caption":"A"}}""",
        """{"link":"https://example.com/a.png","caption":"A"}""", "image")]
    [InlineData("""{"type":"interactive","interactive":{"type":"button","body":{"text":"Yes?"},"action":{"buttons":[]}}}""",
        """{"type":"button","body":{"text":"Yes?"},"action":{"buttons":[]}}""", "interactive")]
    public async Task Messages_of_every_kind_are_sent_as_the_api_takes_them(string body, string content, string type)
    {
        await using var host = await MessageHost.StartAsync(Configured);
        host.Sink.Answer = (_, _, context) =>
            HttpStub.JsonAsync(context,
                """{"messaging_product":"whatsapp","contacts":[{"input":"x","wa_id":"x"}],"messages":[{"id":"wamid.1"}]}""");
        var id = await host.PostAsync("whatsapp", To, JsonElement.Parse(body));
        await host.UntilAsync(id, "delivered");
        var seen = host.Sink.At(Path).Single();
        Assert.Equal("Bearer EAAG-token", seen.Header("authorization"));
        var sent = JsonElement.Parse(seen.Body);
        Assert.Equal(("whatsapp", To, type, id.ToString()),
            (sent.GetProperty("messaging_product").GetString(), sent.GetProperty("to").GetString(), sent.GetProperty("type").GetString(),
                sent.GetProperty("biz_opaque_callback_data").GetString()));
        Assert.Equal(content, sent.GetProperty(type).GetRawText());
        var answer = await host.GetAsync(id);
        Assert.Equal("wamid.1", answer.GetProperty("providerId").GetString());
        Assert.DoesNotContain("EAAG", answer.GetRawText());
    }

    [Theory]
    [InlineData(131047, 400, "template")]
    [InlineData(131026, 400, "cannot be delivered")]
    [InlineData(100, 400, "Error 100")]
    public async Task An_error_that_stays_makes_the_message_dead(int code, int status, string expected)
    {
        await using var host = await MessageHost.StartAsync(Configured);
        host.Sink.Answer = (_, _, context) => HttpStub.JsonAsync(context, Error(code), status);
        var id = await host.PostAsync("whatsapp", To, new { text = "Hello" });
        await host.UntilAsync(id, "dead");
        var answer = await host.GetAsync(id);
        Assert.Equal(code, answer.GetProperty("errorCode").GetInt32());
        Assert.Contains(expected, answer.GetProperty("error").GetString());
        Assert.Single(host.Sink.Requests);
    }

    [Theory]
    [InlineData(130429, 429)]
    [InlineData(131056, 400)]
    [InlineData(131016, 500)]
    public async Task An_error_that_passes_is_tried_again(int code, int status)
    {
        await using var host = await MessageHost.StartAsync(Configured);
        host.Sink.Answer = (_, number, context) =>
            number == 1
                ? HttpStub.JsonAsync(context, Error(code), status) : HttpStub.JsonAsync(context, """{"messages":[{"id":"wamid.2"}]}""");
        var id = await host.PostAsync("whatsapp", To, new { text = "Hello" });
        await Poll.UntilAsync("it waits",
            () => host.App.ScalarAsync<bool>("select exists (select from messages where state = 'pending' and attempts = 1)"));
        await host.App.ExecuteAsync("delete from job_rates");
        await host.ForwardAsync();
        await host.UntilAsync(id, "delivered");
        Assert.Equal(2, host.Sink.At(Path).Count);
    }

    [Theory]
    [InlineData(190, 401)]
    [InlineData(131048, 400)]
    public async Task An_error_of_the_number_silences_the_channel_and_health_says_so(int code, int status)
    {
        await using var host = await MessageHost.StartAsync(Configured);
        var refused = true;
        host.Sink.Answer = (_, _, context) =>
            refused ? HttpStub.JsonAsync(context, Error(code), status) : HttpStub.JsonAsync(context, """{"messages":[{"id":"wamid.3"}]}""");
        var first = await host.PostAsync("whatsapp", To, new { text = "Hello" });
        await Poll.UntilAsync("the channel is silent", () => host.App.ScalarAsync<bool>("select exists (select from message_channels)"));
        var second = await host.PostAsync("whatsapp", "+2348000000001", new { text = "Hello" });
        await Poll.UntilAsync("the second waits",
            () => host.App.ScalarAsync<bool>($"select next_at is not null from messages where id = '{second}'"));
        Assert.Single(host.Sink.Requests);
        var health = (await host.App.Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("messages");
        Assert.Equal("degraded", health.GetProperty("status").GetString());
        Assert.Contains(code.ToString(), health.GetProperty("note").GetString());

        refused = false;
        await host.App.ExecuteAsync("delete from job_rates");
        await host.ForwardAsync();
        await host.UntilAsync(first, "delivered");
        await host.UntilAsync(second, "delivered");
        Assert.Equal("up",
            (await host.App.Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("messages").GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_lost_answer_makes_it_uncertain_and_it_is_not_sent_again_but_settled_by_its_status()
    {
        await using var host = await MessageHost.StartAsync(Configured);
        host.Sink.Answer = (_, _, context) =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        var id = await host.PostAsync("whatsapp", To, new { text = "Hello" });
        await host.UntilAsync(id, "uncertain");
        Assert.Single(host.Sink.Requests);
        await ReportAsync(host, new MessageReceipt(id, "wamid.9", "sent", DateTimeOffset.UnixEpoch));
        Assert.Equal("delivered", await host.StateAsync(id));
        Assert.Equal("wamid.9", (await host.GetAsync(id)).GetProperty("providerId").GetString());
    }

    [Fact]
    public async Task An_uncertain_message_dies_when_nobody_has_told_of_it_for_a_day()
    {
        await using var host = await MessageHost.StartAsync(Configured);
        host.Sink.Answer = (_, _, context) =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        var id = await host.PostAsync("whatsapp", To, new { text = "Hello" });
        await host.UntilAsync(id, "uncertain");
        await host.App.ExecuteAsync("update messages set sent_at = sent_at - interval '25 h'; delete from job_rates");
        await host.ForwardAsync();
        await host.UntilAsync(id, "dead");
        Assert.Contains("WHATSAPP_UNCERTAIN_HOURS", (await host.GetAsync(id)).GetProperty("error").GetString());
        Assert.Single(host.Sink.Requests);
    }

    [Fact]
    public async Task A_status_never_goes_backwards_and_a_late_failure_makes_the_message_dead()
    {
        await using var host = await MessageHost.StartAsync(Configured);
        host.Sink.Answer = (_, _, context) => HttpStub.JsonAsync(context, """{"messages":[{"id":"wamid.1"}]}""");
        var id = await host.PostAsync("whatsapp", To, new { text = "Hello" });
        await host.UntilAsync(id, "delivered");
        async Task<string> AfterAsync(string status)
        {
            await ReportAsync(host,
                new MessageReceipt(null, "wamid.1", status, DateTimeOffset.UnixEpoch, status == "failed" ? 131026 : null));
            return await host.App.ScalarAsync<string>($"select state || ' ' || receipt from messages where id = '{id}'");
        }
        Assert.Equal("delivered sent", await AfterAsync("sent"));
        Assert.Equal("dead failed", await AfterAsync("failed"));
        Assert.Equal("dead failed", await AfterAsync("sent"));
        Assert.Equal("delivered read", await AfterAsync("read"));
        Assert.Equal("delivered read", await AfterAsync("delivered"));
        Assert.Equal("delivered read", await AfterAsync("failed"));
    }

    [Fact]
    public async Task A_pair_is_sent_one_message_in_six_seconds_and_the_number_sends_80_a_second()
    {
        await using var host = await MessageHost.StartAsync(Configured);
        Assert.Equal(
            [JobLimit.Starts("whatsapp:10001", 80, TimeSpan.FromSeconds(1)),
                JobLimit.Starts("whatsapp:10001:2348012345678", 1, TimeSpan.FromSeconds(6))],
            host.App.Services.GetServices<IMessageChannel>().Single(channel => channel.Name == "whatsapp").LimitsOf(To));
        // Its first place was taken just now, for as long as this test may take.
        await host.App.ExecuteAsync(
            "insert into job_rates (key, free_at, next_at) "
            + "values ('whatsapp:10001:2348012345678', clock_timestamp() + interval '1 h', clock_timestamp() + interval '1 h')");
        host.Sink.Answer = (_, _, context) => HttpStub.JsonAsync(context, """{"messages":[{"id":"wamid.1"}]}""");
        var held = await host.PostAsync("whatsapp", To, new { text = "Hello" });
        var other = await host.PostAsync("whatsapp", "+2348000000001", new { text = "Hello" });
        await host.UntilAsync(other, "delivered");
        Assert.Equal("pending", await host.StateAsync(held));
        Assert.Single(host.Sink.Requests);
    }

    [Fact]
    public async Task A_channel_that_is_not_configured_is_off_and_says_which_variable_is_missing()
    {
        await using var host = await MessageHost.StartAsync();
        using var response = await host.App.Http.PostAsJsonAsync("/api/messages",
            new { channel = "whatsapp", to = To, body = new { text = "Hello" } });
        Assert.Equal(422, (int)response.StatusCode);
        Assert.Contains("WHATSAPP_ACCESS_TOKEN and WHATSAPP_PHONE_NUMBER_ID", await response.Content.ReadAsStringAsync());
        var channels = (await host.App.Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("messages")
            .GetProperty("details").GetProperty("channels");
        Assert.Equal("off", channels.GetProperty("whatsapp").GetProperty("status").GetString());
        Assert.Equal("up", channels.GetProperty("webhook").GetProperty("status").GetString());
    }

    private static async Task ReportAsync(MessageHost host, MessageReceipt receipt)
    {
        await using var scope = host.App.Services.CreateAsyncScope();
        await MessageReceipts.ApplyAsync(scope.ServiceProvider.GetRequiredService<AppDbContext>(), [receipt], default);
    }

    private static string Error(int code) =>
        $$$"""
        {"error":{"message":"(#{{{code}}}) It did not work","type":"OAuthException","code":{{{code}}},
        "error_data":{"messaging_product":"whatsapp","details":"Details"},"fbtrace_id":"x"}}
        """;
}
