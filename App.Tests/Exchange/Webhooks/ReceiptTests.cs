using System.Net;
using System.Text;
using App.Tests.Exchange.Commerce;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Webhooks;

/// <summary>What is taken from providers and what is not: signatures, sizes, repeats, nonsense.</summary>
[Collection(Refusals)]
public sealed class ReceiptTests(CommerceHost host) : IClassFixture<CommerceHost>
{
    /// <summary>Tests that send bad signatures run one after the other: the metric that counts them is that of the whole process.</summary>
    internal const string Refusals = "refused webhooks";

    private static readonly byte[] Event = Encoding.UTF8.GetBytes("""{"event":"transfer.success","data":{"reference":"t1"}}""");

    [Theory]
    [InlineData(CommerceHost.Secret, HttpStatusCode.OK)]
    [InlineData(CommerceHost.OldSecret, HttpStatusCode.OK)]
    [InlineData("another-secret", HttpStatusCode.Unauthorized)]
    public async Task Either_secret_of_a_rotation_is_good_and_no_other(string secret, HttpStatusCode status)
    {
        using var paystack = await host.App.SendAsync("paystack", Event, Sender.Paystack(Event, secret));
        using var meta = await host.App.SendAsync("whatsapp", Event, Sender.Meta(Event, secret));
        using var korapay = await host.App.SendAsync("korapay", Event, Sender.Korapay("""{"reference":"t1"}"""u8.ToArray(), secret));
        Assert.Equal((status, status, status), (paystack.StatusCode, meta.StatusCode, korapay.StatusCode));
    }

    [Theory]
    [InlineData("whatsapp")]
    [InlineData("paystack")]
    [InlineData("korapay")]
    public async Task Whatever_is_not_signed_so_is_refused_stored_nowhere_and_counted(string provider)
    {
        var before = await CountAsync($"tandem_webhooks_received_total{{provider=\"{provider}\",result=\"bad_signature\"}}");
        var stored = await host.App.ScalarAsync<long>($"select count(*) from webhook_events where provider = '{provider}'");
        var good = provider switch
        {
            "whatsapp" => Sender.Meta(Event),
            "paystack" => Sender.Paystack(Event),
            _ => Sender.Korapay("""{"reference":"t1"}"""u8.ToArray())
        };
        string?[] wrong = [null, "", "sha256=", "nonsense", good[..^2], good + "00", good + good,
            good.Replace(good[^1], good[^1] == '0' ? '1' : '0'), "sha1=" + good];
        foreach (var signature in wrong)
        {
            using var refused = await host.App.SendAsync(provider, Event, signature);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }
        using var changed = await host.App.SendAsync(provider,
            Encoding.UTF8.GetBytes("""{"event":"transfer.success","data":{"reference":"t2"}}"""), good);
        Assert.Equal(HttpStatusCode.Unauthorized, changed.StatusCode);
        Assert.Equal(wrong.Length + 1,
            await CountAsync($"tandem_webhooks_received_total{{provider=\"{provider}\",result=\"bad_signature\"}}") - before);
        Assert.Equal(stored, await host.App.ScalarAsync<long>($"select count(*) from webhook_events where provider = '{provider}'"));
    }

    [Fact]
    public async Task More_than_a_megabyte_is_refused_and_just_less_is_not()
    {
        var most = Encoding.UTF8.GetBytes("""{"event":"x","data":{"id":1,"pad":" """ + new string('x', (1 << 20) - 40) + "\"}}");
        Assert.InRange(most.Length, (1 << 20) - 10, 1 << 20);
        using var taken = await host.App.SendAsync("paystack", most, Sender.Paystack(most));
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        byte[] more = [.. most, .. new byte[20]];
        using var refused = await host.App.SendAsync("paystack", more, Sender.Paystack(more));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Equal(1, await CountAsync("tandem_webhooks_received_total{provider=\"paystack\",result=\"too_large\"}"));
    }

    [Fact]
    public async Task What_is_genuine_but_cannot_be_read_is_set_aside_and_answered()
    {
        foreach (var nonsense in (string[])["not json", "[1,2]", "7", "\"text\"", ""])
        {
            var body = Encoding.UTF8.GetBytes(nonsense);
            using var answer = await host.App.SendAsync("paystack", body, Sender.Paystack(body));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        Assert.Equal(5, await host.App.EventsAsync("unreadable"));
        Assert.Contains("set aside", await host.Http.GetStringAsync("/health"));
    }

    [Fact]
    public async Task A_provider_that_does_not_exist_is_not_found()
    {
        using var posted = await host.App.SendAsync("stripe", Event, null);
        using var client = host.App.Client(null);
        using var asked = await client.GetAsync("/webhooks/paystack");
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (posted.StatusCode, asked.StatusCode));
    }

    [Fact]
    public async Task A_provider_without_a_secret_is_off_and_says_which_variable_is_missing()
    {
        await using var off = await AppHost.StartAsync();
        foreach (var (provider, variable) in new[] { ("whatsapp", "WHATSAPP_APP_SECRET"), ("paystack", "PAYSTACK_SECRET_KEY"),
            ("korapay", "KORAPAY_SECRET_KEY") })
        {
            using var answer = await off.SendAsync(provider, Event, "00");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains(variable, await answer.Content.ReadAsStringAsync());
            Assert.Contains($"{provider} is off ({variable} is not set)", await off.Http.GetStringAsync("/health"));
        }
        using var client = off.Client(null);
        using var challenge = await client.GetAsync("/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=&hub.challenge=1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, challenge.StatusCode);
    }

    [Theory]
    [InlineData("subscribe", CommerceHost.VerifyToken, "1158201444", HttpStatusCode.OK)]
    [InlineData("subscribe", "wrong", "1158201444", HttpStatusCode.Forbidden)]
    [InlineData("subscribe", "", "1158201444", HttpStatusCode.Forbidden)]
    [InlineData("unsubscribe", CommerceHost.VerifyToken, "1158201444", HttpStatusCode.Forbidden)]
    [InlineData("subscribe", CommerceHost.VerifyToken, "", HttpStatusCode.Forbidden)]
    public async Task Metas_challenge_is_answered_to_whoever_knows_the_token(string mode, string token, string challenge,
        HttpStatusCode status)
    {
        using var client = host.App.Client(null);
        using var answer = await client.GetAsync($"/webhooks/whatsapp?hub.mode={mode}&hub.verify_token={token}&hub.challenge={challenge}");
        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.OK)
            Assert.Equal((challenge, "text/plain"),
                (await answer.Content.ReadAsStringAsync(), answer.Content.Headers.ContentType!.MediaType));
    }

    private async Task<double> CountAsync(string series) =>
        (await host.Http.GetStringAsync("/metrics")).Split('\n')
            .FirstOrDefault(line => line.StartsWith(series, StringComparison.Ordinal)) is { } line
            ? double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
}
