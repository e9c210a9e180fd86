using App.Tests.Fixtures;

namespace App.Tests.Exchange.Messages.Delivering;

/// <summary>Where attempts are recorded: the one that delivers in its message, others by themselves, and each number once.</summary>
public sealed class MessageRecordTests(AppHost host) : IClassFixture<AppHost>
{
    private readonly Guid id = Guid.CreateVersion7();

    [Fact]
    public async Task Most_messages_are_one_row()
    {
        await AddAsync();
        await SettleAsync(1, "delivered", "delivered");
        Assert.Equal(("1 delivered 7 ok", 0), (await ShownAsync(), await RowsAsync()));
    }

    [Fact]
    public async Task Attempts_that_did_not_deliver_are_rows_of_their_own()
    {
        await AddAsync();
        await SettleAsync(1, "pending", "failed");
        await SettleAsync(2, "pending", "lost");
        await SettleAsync(3, "delivered", "delivered");
        Assert.Equal(("1 failed 7 ok,2 lost 7 ok,3 delivered 7 ok", 2), (await ShownAsync(), await RowsAsync()));
    }

    [Fact]
    public async Task A_number_is_shown_once_whoever_comes_late()
    {
        await AddAsync();
        await SettleAsync(1, "pending", "lost");
        await SettleAsync(1, "delivered", "delivered");
        await SettleAsync(1, "pending", "failed");
        Assert.Equal(("1 lost 7 ok", "delivered"), (await ShownAsync(), await StateAsync()));

        var other = Guid.CreateVersion7();
        await AddAsync(other);
        await SettleAsync(1, "delivered", "delivered", other);
        await SettleAsync(1, "dead", "refused", other);
        Assert.Equal("1 delivered 7 ok", await ShownAsync(other));
    }

    [Fact]
    public async Task The_record_of_an_earlier_drive_stays()
    {
        await AddAsync();
        await SettleAsync(1, "delivered", "delivered");
        await host.ExecuteAsync(
            $"select messages_receive(array['{id}'::uuid], array[null::text], array['failed'], array[now()], array[null::int], "
            + "array['It failed after all.'])");
        await host.ExecuteAsync($"select messages_redrive('default', array['{id}'::uuid])");
        Assert.Equal(("1 delivered 7 ok", "pending"), (await ShownAsync(), await StateAsync()));
        await SettleAsync(2, "delivered", "delivered", drive: 2);
        Assert.Equal("1 delivered 7 ok,2 delivered 7 ok", await ShownAsync());
    }

    [Fact]
    public async Task With_a_claim_is_read_what_need_only_be_looked_at()
    {
        var names = new[] { "plain", "whatsapp", "open", "large", "driven", "delivered", "silent" };
        await host.ExecuteAsync("""
            insert into webhook_endpoints (organization, url, failures, open_until)
                values ('prefetch', 'https://example.com/open', 8, now() - interval '1 s');
            insert into message_channels (channel, paused_until, reason) values ('email', now(), 'why');
            insert into messages (id, organization, channel, recipient, event_type, body, state, drive, delivered_at)
            select gen_random_uuid(), 'prefetch', case name when 'whatsapp' then name when 'silent' then 'email'
                else 'webhook' end, 'https://example.com/' || name, name,
                to_json(repeat('x', case name when 'large' then 5000 else 10 end)), case name when 'delivered' then name
                    else 'pending' end, case name when 'driven' then 2 else 1 end, case name when 'delivered' then now() end
            from unnest(array['plain', 'whatsapp', 'open', 'large', 'driven', 'delivered', 'silent']) as name
            """);
        var seen = await host.ScalarAsync<string>("""
            select string_agg(f.n || ' ' || m.event_type, ',')
                from messages_prefetch((select array_agg(format('{"messageId":"%s","drive":1}', id) order by event_type desc) from messages
                    where organization = 'prefetch')) f
            join messages m on m.id = f.id
            """);
        Assert.Equal($"{names.OrderDescending(StringComparer.Ordinal).ToList().IndexOf("plain") + 1} plain", seen);
        await host.ExecuteAsync("delete from message_channels");
    }

    private Task AddAsync(Guid? message = null) =>
        host.ExecuteAsync(
            $"insert into messages (id, organization, channel, recipient, body) values ('{message ?? id}', 'default', 'webhook', "
            + "'https://example.com/', '1')");

    private Task SettleAsync(int number, string state, string outcome, Guid? message = null, int drive = 1) => host.ExecuteAsync($"""
        select messages_settle(array['{message ?? id}'::uuid], array[{drive}], array[{number}], array['{state}'],
            array[{(state == "delivered" ? "null" : "'why'")}::text], array[null::int], array[null::text], array[0::float8],
            array['{outcome}'], array[now()], array[7], array['request'], array[200], array['headers'], array['ok'],
            array[null::float8], 1000)
        """);

    private Task<string> ShownAsync(Guid? message = null) =>
        host.ScalarAsync<string>(
            "select string_agg(number || ' ' || outcome || ' ' || latency_ms || ' ' || response_body, ',' order by number) "
            + $"from message_deliveries where message_id = '{message ?? id}'");

    private Task<string> StateAsync() => host.ScalarAsync<string>($"select state from messages where id = '{id}'");

    private async Task<int> RowsAsync() => (int)await host.ScalarAsync<long>($"select count(*) from deliveries where message_id = '{id}'");
}
