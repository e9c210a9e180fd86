using App.Platform.Database;
using Npgsql;

namespace App.Exchange.Messages.Delivering;

/// <summary>
/// Shows attempts that take their time as <c>sending</c>. Those that do not are over before anybody could look, and are
/// written once, with their end.
/// </summary>
internal sealed class SlowAttempts(NpgsqlDataSource source, TimeProvider time, ILogger<SlowAttempts> log)
{
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(250);
    private readonly Lock gate = new();
    private List<Guid> slow = [];
    private bool writing;

    /// <summary>Waits for an attempt.</summary>
    public async Task<AttemptResult> WatchAsync(Guid message, Task<AttemptResult> attempt)
    {
        try
        {
            return await attempt.WaitAsync(Quick, time);
        }
        catch (TimeoutException)
        {
            // It may have ended since.
            if (!attempt.IsCompleted) Mark(message);
            return await attempt;
        }
    }

    private void Mark(Guid message)
    {
        lock (gate)
        {
            slow.Add(message);
            if (writing) return;
            writing = true;
        }
        _ = WriteAsync();
    }

    private async Task WriteAsync()
    {
        await Task.Yield();
        while (true)
        {
            Guid[] together;
            lock (gate)
            {
                if (slow.Count == 0)
                {
                    writing = false;
                    return;
                }
                together = [.. slow.Order()];
                slow = [];
            }
            try
            {
                await using var command = source.CreateCommand("select messages_mark_sending($1)");
                command.Parameters.Add(new() { Value = together });
                await command.ExecuteNonQueryAsync();
            }
            catch (Exception e) when (TransientFault.Is(e))
            {
                // It is for those who look: the end of the attempt is written whatever it says.
                log.LogDebug("{Count} slow attempts are not shown: {Error}", together.Length, e.Message);
            }
        }
    }
}
