using App.Exchange.Messages.Channels;
using App.Platform.Observability;
using Npgsql;

namespace App.Exchange.Messages.Upkeep;

/// <summary>What <c>/health</c> says of messages: which channels are on, and which are silent and why.</summary>
internal sealed class MessageHealth(NpgsqlDataSource source, IEnumerable<IMessageChannel> channels)
{
    private sealed record ChannelHealth(HealthStatus Status, string? Note);

    /// <summary>Asks.</summary>
    public async Task<PartHealth> CheckAsync(CancellationToken ct)
    {
        var silent = await SilentAsync(ct);
        var states = channels.ToDictionary(channel => channel.Name, channel => Of(channel, silent.GetValueOrDefault(channel.Name)));
        var paused = states.Where(state => state.Value.Status == HealthStatus.Degraded).ToList();
        return new PartHealth(paused.Count > 0 ? HealthStatus.Degraded : HealthStatus.Up,
            paused.Count > 0 ? string.Join(' ', paused.Select(state => $"{state.Key}: {state.Value.Note}")) : null,
            new { channels = states });
    }

    private static ChannelHealth Of(IMessageChannel channel, string? reason) => channel.MissingVariables is { } missing
        ? new(HealthStatus.Off, $"Set {missing} to switch it on.")
        : reason is null ? new(HealthStatus.Up, null) : new(HealthStatus.Degraded, reason);

    private async Task<Dictionary<string, string>> SilentAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("select channel, reason from message_channels");
        await using var reader = await command.ExecuteReaderAsync(ct);
        var silent = new Dictionary<string, string>();
        while (await reader.ReadAsync(ct)) silent[reader.GetString(0)] = reader.GetString(1);
        return silent;
    }
}
