using App.Platform.Database;
using App.Platform.Observability;

namespace App.Exchange.Webhooks;

/// <summary>The inbound webhooks' part of <c>/health</c>: which providers are on, and what was set aside.</summary>
internal sealed class WebhooksHealth(Postgres postgres, IServiceScopeFactory scopes)
{
    private const double LateSeconds = 60;

    private const string Sql = """
        select (select count(*) from webhook_events where state = 'failed'), (select count(*) from webhook_events
            where state = 'unreadable'),
            (select extract(epoch from clock_timestamp() - min(received_at)) from webhook_events where state = 'received')
        """;

    /// <summary>Degraded when events were set aside, or wait.</summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var providers = scope.ServiceProvider.GetRequiredService<IEnumerable<IWebhookProvider>>().ToList();
        await using var command = postgres.Source.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var (failed, unreadable, oldest) = (reader.GetInt64(0), reader.GetInt64(1),
            reader.IsDBNull(2) ? (double?)null : Math.Round((double)reader.GetDecimal(2), 1));
        var off = string.Join(", ",
            providers.Where(provider => !provider.IsOn)
                .Select(provider => $"{provider.Name} is off ({provider.SecretVariable} is not set)"));
        var aside = failed + unreadable > 0
            ? $"{failed + unreadable} events were set aside: /webhooks?state=failed, /webhooks?state=unreadable."
            : oldest > LateSeconds ? $"Events have waited for {oldest:0} s: /webhooks?state=received." : null;
        return new PartHealth(
            aside is not null ? HealthStatus.Degraded : providers.Exists(provider => provider.IsOn) ? HealthStatus.Up : HealthStatus.Off,
            aside ?? (off.Length > 0 ? off : null),
            new
            {
                providers = providers.ToDictionary(provider => provider.Name, provider => provider.IsOn ? "on" : "off"),
                failed,
                unreadable,
                oldestWaitingSeconds = oldest
            });
    }
}
