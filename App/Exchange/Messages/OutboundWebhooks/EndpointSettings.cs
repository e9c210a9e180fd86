using Npgsql;

namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary>How messages are sent to a URL of webhooks.</summary>
/// <param name="Concurrency">At most so many at once, over all workers.</param>
/// <param name="Ordered">One at a time, in the order in which they were added.</param>
/// <param name="Traceparent">Each says in the header <c>traceparent</c> which trace it belongs to.</param>
internal sealed record EndpointSettings(int Concurrency, bool Ordered, bool Traceparent)
{
    /// <summary>For a URL of which nothing else was said.</summary>
    public static readonly EndpointSettings Default = new(WebhookEndpoint.DefaultConcurrency, false, false);

    /// <summary>How many jobs that deliver its messages may run at once.</summary>
    public int Width => Ordered ? 1 : Concurrency;

    /// <summary>The URLs of organizations that have settings of their own: few.</summary>
    public static async Task<IReadOnlyDictionary<(string Organization, string Url), EndpointSettings>> FindAsync(
        NpgsqlConnection connection, IEnumerable<string> organizations, CancellationToken ct)
    {
        var found = new Dictionary<(string, string), EndpointSettings>();
        var asked = organizations.Distinct(StringComparer.Ordinal).ToArray();
        if (asked.Length == 0) return found;
        await using var command = new NpgsqlCommand(
            "select organization, url, concurrency, ordered, traceparent from webhook_endpoints where organization = any($1) "
            + "and (ordered or traceparent or concurrency <> 16)", connection)
        {
            Parameters = { new() { Value = asked } },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            found[(reader.GetString(0), reader.GetString(1))] = new(reader.GetInt16(2), reader.GetBoolean(3), reader.GetBoolean(4));
        return found;
    }
}
