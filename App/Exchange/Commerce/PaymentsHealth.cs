using App.Platform.Database;
using App.Platform.Observability;

namespace App.Exchange.Commerce;

/// <summary>The payments' part of <c>/health</c>: money that pays nothing waits for a person.</summary>
internal sealed class PaymentsHealth(Postgres postgres)
{
    private const string Sql = "select count(*), min(updated_at) from payments where needs_refund";

    /// <summary>Degraded while payments wait to be refunded. Counts only: whoever asks needs no key.</summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        await using var command = postgres.Source.CreateCommand(Sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var count = reader.GetInt64(0);
        return count == 0
            ? new PartHealth(HealthStatus.Up, Details: new { needRefund = 0 })
            : new PartHealth(HealthStatus.Degraded,
                $"{count} {(count == 1 ? "payment needs a refund" : "payments need a refund")}: GET /api/payments?needsRefund=true.",
                new { needRefund = count, oldest = reader.GetDateTime(1) });
    }
}
