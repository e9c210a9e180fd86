using App.Platform.Serving;
using App.Tests.Fixtures;
using Microsoft.Extensions.Logging;

namespace App.Tests.Platform.Serving;

/// <summary>Background loops: what fails is tried again, and the log says so once.</summary>
public sealed class LoopTests
{
    [Fact]
    public async Task A_tick_that_fails_is_tried_again_and_an_outage_is_one_warning()
    {
        var log = new Lines();
        var loop = new Scripted(log, "", "no", "no", "no", "not yet", "");
        await loop.StartAsync(default);
        await loop.Done.WaitAsync(Poll.Patience);
        await loop.StopAsync(default);
        Assert.Equal(
            ["Warning Working failed and is tried again until it succeeds: no",
                "Warning Working failed and is tried again until it succeeds: not yet"], log.Of(LogLevel.Warning));
        Assert.Matches("^Information Working works again, after .* s and 4 failures$", Assert.Single(log.Of(LogLevel.Information)));
        Assert.Equal(4, loop.Failures);
        Assert.True(loop.Ended);
    }

    [Fact]
    public async Task The_next_tick_waits_for_its_time_or_for_what_it_should_look_at()
    {
        var happened = new TaskCompletionSource();
        var (began, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        var ticks = 0;
        var loop = new Waiting(() =>
        {
            (++ticks == 1 ? began : second).TrySetResult();
            return new Pause(TimeSpan.FromDays(1), ticks == 1 ? happened.Task : null);
        });
        await loop.StartAsync(default);
        await began.Task.WaitAsync(Poll.Patience);
        Assert.False(second.Task.IsCompleted);
        happened.SetResult();
        await second.Task.WaitAsync(Poll.Patience);
        await loop.StopAsync(default).WaitAsync(Poll.Patience);
        Assert.Equal(2, ticks);
    }

    private sealed class Waiting(Func<Pause> tick) : Loop("Waiting", TimeProvider.System, new Lines())
    {
        public override Task<Pause> TickAsync(CancellationToken ct) => Task.FromResult(tick());
    }

    /// <summary>Fails with each of the texts in turn, and succeeds where one is empty.</summary>
    private sealed class Scripted(ILogger log, params string[] script) : Loop("Working", new Impatient(), log)
    {
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int at;

        public Task Done => done.Task;

        public int Failures { get; private set; }

        public bool Ended { get; private set; }

        public override Task<Pause> TickAsync(CancellationToken ct)
        {
            if (at == script.Length)
            {
                done.TrySetResult();
                return Task.FromResult(new Pause(TimeSpan.FromDays(1), new TaskCompletionSource().Task));
            }
            return script[at++] is { Length: > 0 } fault ? throw new TimeoutException(fault) : Task.FromResult(Pause.None);
        }

        protected override Task FailedAsync(Exception fault)
        {
            Failures++;
            return Task.CompletedTask;
        }

        protected override Task EndAsync()
        {
            Ended = true;
            return Task.CompletedTask;
        }
    }

    /// <summary>A clock whose pauses of less than a day are over at once.</summary>
    private sealed class Impatient : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime < TimeSpan.FromDays(1) && dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
    }

    private sealed class Lines : ILogger
    {
        private readonly List<string> lines = [];

        public string[] Of(LogLevel level)
        {
            lock (lines) return [.. lines.Where(line => line.StartsWith(level.ToString(), StringComparison.Ordinal))];
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (lines) lines.Add($"{logLevel} {formatter(state, exception)}");
        }
    }
}
