using System.Diagnostics.Metrics;
using Npgsql;

namespace App.Exchange.Messages.Upkeep;

/// <summary>What <c>/metrics</c> says of messages as a whole: counted by the leading worker, and shown by it alone.</summary>
internal sealed class MessageGauges
{
    /// <summary>How often they are counted.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly NpgsqlDataSource source;
    private readonly TimeProvider time;
    private (long At, List<Measurement<long>> Counts)? seen;

    /// <summary>Shows nothing before the first count.</summary>
    public MessageGauges(NpgsqlDataSource source, IMeterFactory meters, TimeProvider time)
    {
        (this.source, this.time) = (source, time);
        // What was counted long ago was counted by a process that leads no more.
        meters.Create(MessageMetrics.MeterName)
            .CreateObservableGauge("tandem_messages_undelivered",
                () => seen is var (at, counts) && time.GetElapsedTime(at) < 4 * Interval ? counts : [], "{message}",
                "Messages that are not delivered, by channel and state.");
    }

    /// <summary>One tick: counts.</summary>
    public async Task RunOnceAsync(CancellationToken ct)
    {
        await using var command =
            source.CreateCommand("select channel, state, count(*) from messages where delivered_at is null group by 1, 2");
        await using var reader = await command.ExecuteReaderAsync(ct);
        var counts = new List<Measurement<long>>();
        while (await reader.ReadAsync(ct))
            counts.Add(new(reader.GetInt64(2), new("channel", reader.GetString(0)), new("state", reader.GetString(1))));
        seen = (time.GetTimestamp(), counts);
    }
}
