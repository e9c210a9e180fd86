using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Messages;

/// <summary>Which messages a filter redrives.</summary>
public sealed class MessageRedriveTests(AppHost host) : IClassFixture<AppHost>
{
    [Theory]
    [InlineData("""{"status":"dead","channel":"email"}""", "mail")]
    [InlineData("""{"status":"dead","to":"https://example.com/b"}""", "b")]
    [InlineData("""{"status":"dead","since":"2026-02-01T00:00:00Z"}""", "b mail")]
    [InlineData("""{"status":"dead","channel":"webhook","since":"2026-02-01T00:00:00Z"}""", "b")]
    [InlineData("""{"status":"dead","error":"5 WAS"}""", "a mail")]
    [InlineData("""{"status":"dead","error":"47"}""", "b")]
    [InlineData("""{"status":"uncertain"}""", "unsure")]
    [InlineData("""{"status":"dead"}""", "a b mail")]
    public async Task A_filter_means_those_that_fit_all_of_it(string filter, string meant)
    {
        var organization = $"o{Guid.NewGuid():N}";
        using var mine = host.Client(Jwt.Of(organization, "admin"));
        await host.ExecuteAsync($"""
            insert into messages (id, organization, channel, recipient, event_type, body, state, attempts, error, error_code, created_at,
                died_at, delivered_at)
            select gen_random_uuid(), '{organization}', channel, recipient, name, '1', state, 3, error, code, created::timestamptz,
                case state when 'dead' then now() end, case state when 'delivered' then now() end
            from (values
                ('a', 'webhook', 'https://example.com/a', 'dead', '5 was said', null, '2026-01-01'),
                ('b', 'webhook', 'https://example.com/b', 'dead', 'no', 47, '2026-02-02'),
                ('mail', 'email', 'a@example.com', 'dead', '5 was said', null, '2026-03-03'),
                ('unsure', 'whatsapp', '+2348012345678', 'uncertain', 'no answer', null, '2026-03-03'),
                ('fine', 'webhook', 'https://example.com/b', 'delivered', null, null, '2026-03-03')) as m(name, channel, recipient, state,
                    error, code, created)
            """);

        using var response = await mine.PostAsJsonAsync("/api/messages/redrive", JsonElement.Parse(filter));
        var driven = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("redriven").GetInt32();

        Assert.Equal(meant,
            await host.ScalarAsync<string>(
                "select string_agg(event_type, ' ' order by event_type) from messages "
                + $"where organization = '{organization}' and state = 'pending' and drive = 2 and spent = 3"));
        Assert.Equal(meant.Split(' ').Length, driven);
    }
}
