using System.Collections.Concurrent;
using App.Platform.Serving;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// Wakes those who wait for something in the database, within milliseconds of its commit: one connection of a process
/// listens on every channel that somebody asked for. A notification is a hint; whoever waits polls as well, since
/// notifications are lost with the connection that they come on.
/// </summary>
internal sealed class Notifications(Postgres postgres, ILogger<Notifications> log)
    : Loop("Listening for notifications (polling goes on)", TimeProvider.System, log)
{
    private readonly ConcurrentDictionary<string, Signal> signals = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Action<string>> hearers = new(StringComparer.Ordinal);
    private readonly Signal asked = new();

    /// <summary>The signal of a channel; the same one for everybody.</summary>
    public Signal On(string channel)
    {
        if (signals.TryGetValue(channel, out var signal)) return signal;
        signal = signals.GetOrAdd(channel, _ => new Signal());
        asked.Pulse();
        return signal;
    }

    /// <summary>
    /// Tells what each notification of a channel says; an empty text: some may have been lost, so it may have been anything.
    /// </summary>
    public void Hear(string channel, Action<string> heard)
    {
        hearers[channel] = heard;
        On(channel);
    }

    /// <summary>Wakes those in this process who wait for a channel, ahead of the notification.</summary>
    public void Pulse(string channel) => signals.GetValueOrDefault(channel)?.Pulse();

    /// <summary>Listens until the connection is lost.</summary>
    public override async Task<Pause> TickAsync(CancellationToken ct)
    {
        await ListenAsync(ct);
        return Pause.None;
    }

    private void Announce(string channel, string said)
    {
        hearers.GetValueOrDefault(channel)?.Invoke(said);
        Pulse(channel);
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        while (signals.IsEmpty) await asked.Next.WaitAsync(ct);
        await using var connection = await postgres.OpenOwnAsync("listen", ct);
        connection.Notification += (_, notification) => Announce(notification.Channel, notification.Payload);
        var listening = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var next = asked.Next;
            foreach (var channel in signals.Keys)
            {
                if (!listening.Add(channel)) continue;
                await using (var listen = new NpgsqlCommand($"listen {channel}", connection)) await listen.ExecuteNonQueryAsync(ct);
                // What was notified before nobody has heard.
                Announce(channel, "");
            }
            Succeeded();
            using var more = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var waiting = connection.WaitAsync(more.Token);
            if (await Task.WhenAny(waiting, next) == next) await more.CancelAsync();
            try
            {
                await waiting;
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                // Somebody asked for another channel.
            }
        }
    }
}

/// <summary>Something that may happen at any time, any number of times; whoever waits learns that it has, not how often.</summary>
internal sealed class Signal
{
    private volatile TaskCompletionSource pulse = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed by the next pulse. Take it before looking, so that nothing falls between.</summary>
    public Task Next => pulse.Task;

    /// <summary>Wakes everyone who waits.</summary>
    public void Pulse() => Interlocked.Exchange(ref pulse, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
