using App.Exchange.Messages;
using App.Exchange.Messages.Delivering;
using App.Platform.Configuration;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Exchange.Messages;

/// <summary>What the schema lets become of a message, and when it is tried unless the operator says otherwise.</summary>
public sealed class MessageSchemaTests(AppHost host) : IClassFixture<AppHost>
{
    private static readonly string[] States = ["pending", "sending", "uncertain", "delivered", "dead"];

    [Fact]
    public async Task A_state_follows_only_those_that_it_may_follow()
    {
        var followed = new List<string>();
        foreach (var (from, to) in States.SelectMany(from => States.Where(to => to != from).Select(to => (from, to))))
        {
            var id = Guid.CreateVersion7();
            await host.ExecuteAsync($"""
                insert into messages (id, organization, channel, recipient, body, state, error, delivered_at, died_at)
                select '{id}', 'default', 'webhook', 'https://example.com/', '1', '{from}', 'why', case '{from}'
                    when 'delivered' then now() end, case '{from}' when 'dead' then now() end
                """);
            try
            {
                await host.ExecuteAsync(
                    $"update messages set state = '{to}', delivered_at = case '{to}' when 'delivered' then now() end, "
                    + $"died_at = case '{to}' when 'dead' then now() end where id = '{id}'");
                followed.Add($"{from}>{to}");
            }
            catch (PostgresException e) when (e.SqlState == "TD010")
            {
                // Refused, as the others must be.
            }
        }
        Assert.Equal(
        [
            "pending>sending", "pending>delivered", "pending>dead", "sending>pending", "sending>uncertain", "sending>delivered",
            "sending>dead",
            "uncertain>pending", "uncertain>delivered", "uncertain>dead", "delivered>dead", "dead>pending", "dead>delivered",
        ], followed);
    }

    [Fact]
    public void Webhooks_are_tried_for_three_days_as_Standard_Webhooks_says()
    {
        var schedule = MessageOptions.Read(Variables.Of(new Dictionary<string, string?>())).WebhookSchedule;
        Assert.Equal([0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600],
            schedule.Pauses.Select(pause => pause.TotalSeconds));
        Assert.Equal((TimeSpan.FromSeconds(5), null), (schedule.After(1), schedule.After(10)));
        // Those that are behind a message wait for its second attempt, and not for its third.
        Assert.True(schedule.After(1) <= RetrySchedule.LongestInLine && schedule.After(2) > RetrySchedule.LongestInLine);
    }
}
