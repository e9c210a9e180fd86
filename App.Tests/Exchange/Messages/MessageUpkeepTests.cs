using App.Exchange.Messages.Upkeep;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Exchange.Messages;

/// <summary>What is deleted in time, and what is given up because its job has ended without it.</summary>
public sealed class MessageUpkeepTests
{
    [Fact]
    public async Task What_ended_long_ago_is_deleted_with_its_deliveries_and_what_has_not_ended_is_kept()
    {
        await using var host = await MessageHost.StartAsync(("MESSAGE_RETENTION_DAYS", "30"));
        // Ids begin with the time that they were made at.
        var (old, recent) = (DateTimeOffset.UtcNow.AddDays(-31), DateTimeOffset.UtcNow.AddDays(-29));
        foreach (var (at, state) in new[] { (old, "delivered"), (old, "dead"), (old, "pending"), (recent, "delivered"), (recent, "dead") })
            await host.App.ExecuteAsync($"""
                insert into messages (id, organization, channel, recipient, body, state, error, delivered_at, died_at)
                select '{Guid.CreateVersion7(at)}', 'default', 'webhook', 'https://example.com/', '1', '{state}', 'why', case '{state}'
                    when 'delivered' then now() end, case '{state}' when 'dead' then now() end;
                """);
        await host.App.ExecuteAsync("""
            insert into deliveries (message_id, number, outcome, started_at, latency_ms) select id, 1, 'failed', now(), 1 from messages;
            insert into catalog_reports (organization, item, message_id, reported_at)
                values ('default', 'old', gen_random_uuid(), now() - interval '31 days'),
                    ('default', 'recent', gen_random_uuid(), now() - interval '29 days');
            """);
        Assert.Equal(2, await host.App.Services.GetRequiredService<MessageUpkeep>().PruneAsync(default));
        Assert.Equal("dead delivered pending",
            await host.App.ScalarAsync<string>("select string_agg(state, ' ' order by state) from messages"));
        Assert.Equal(3, await host.App.ScalarAsync<long>("select count(*) from deliveries"));
        Assert.Equal("recent", await host.App.ScalarAsync<string>("select string_agg(item, ' ') from catalog_reports"));
    }

    [Fact]
    public async Task A_message_whose_job_is_cancelled_or_dead_is_dead_and_says_why_and_may_be_driven_again()
    {
        await using var host = await MessageHost.StartAsync(("WEBHOOK_RETRY_SCHEDULE", "3600,3600"));
        var (cancelled, died, waiting) = (host.Webhook("/cancelled"), host.Webhook("/died"), host.Webhook("/waiting"));
        await host.AddAsync(cancelled, died, waiting);
        await host.App.ExecuteAsync($"select jobs_cancel(id, 'Cancelled by request.') from jobs where args like '%{cancelled.Id}%'");
        await host.App.ExecuteAsync(
            $$"""
            update jobs set state = 'dead', finished_at = clock_timestamp(), run_at = null,
                errors = '[{"error":"Its workers ended with it."}]' where args like '%{{died.Id}}%'
            """);
        Assert.Equal(2, await host.App.Services.GetRequiredService<MessageUpkeep>().AbandonAsync(default));
        Assert.Equal(0, await host.App.Services.GetRequiredService<MessageUpkeep>().AbandonAsync(default));
        Assert.Equal("Its job has died: Its workers ended with it.|Its job was cancelled.",
            await host.App.ScalarAsync<string>($"select string_agg(error, '|' order by error) from messages where state = 'dead'"));
        Assert.Equal("pending", await host.StateAsync(waiting.Id));

        (await host.App.Http.PostAsync($"/api/messages/{cancelled.Id}/redrive", null)).Dispose();
        await host.UntilAsync(cancelled.Id, "delivered");
    }
}
