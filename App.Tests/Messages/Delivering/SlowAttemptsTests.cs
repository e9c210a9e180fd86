using App.Messages.Delivering;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace App.Tests.Messages.Delivering;

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

        var watched = thread.Run(() => new SlowAttempts(nowhere, time, NullLogger<SlowAttempts>.Instance).WatchAsync(Guid.NewGuid(), attempt.Task));
        time.Fire();
        attempt.SetResult(new AttemptResult(AttemptEnd.Delivered));
        Assert.False(watched.IsCompleted);
        thread.GoOn();

        Assert.Equal(AttemptEnd.Delivered, (await watched).End);
    }

    /// <summary>A clock whose one timer ends when it is told to.</summary>
    private sealed class FiredTime : TimeProvider
    {
        private Action fire = () => { };

        public void Fire() => fire();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            fire = () => callback(state);
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }

    /// <summary>Goes on with what was awaited when it is told to.</summary>
    private sealed class OneThread : SynchronizationContext
    {
        private readonly Queue<Action> waiting = [];

        public override void Post(SendOrPostCallback d, object? state) => waiting.Enqueue(() => d(state));

        public T Run<T>(Func<T> what)
        {
            var before = Current;
            SetSynchronizationContext(this);
            try
            {
                return what();
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }

        public void GoOn()
        {
            while (waiting.TryDequeue(out var one)) Run(() => { one(); return 0; });
        }
    }
}
