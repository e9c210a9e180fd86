using App.Exchange.Messages.Delivering;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace App.Tests.Exchange.Messages.Delivering;

/// <summary>Attempts that take their time.</summary>
public sealed class SlowAttemptsTests
{
    [Fact]
    public async Task An_attempt_that_ends_just_as_it_is_called_slow_is_not_lost()
    {
        // Never opened: nothing is to be marked.
        await using var nowhere = NpgsqlDataSource.Create("Host=192.0.2.1");
        var (time, thread) = (new FiredTime(), new OneThread());
        var attempt = new TaskCompletionSource<AttemptResult>();

        var watched =
            thread.Run(() => new SlowAttempts(nowhere, time, NullLogger<SlowAttempts>.Instance).WatchAsync(Guid.NewGuid(), attempt.Task));
        time.Fire();
        attempt.SetResult(new AttemptResult(AttemptEnd.Delivered));
        Assert.False(watched.IsCompleted);
        thread.GoOn();

        Assert.Equal(AttemptEnd.Delivered, (await watched).End);
    }
}
