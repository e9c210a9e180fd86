namespace App.Tests.Fixtures;

/// <summary>A clock whose timers end when they are told to.</summary>
internal sealed class FiredTime : TimeProvider
{
    private readonly List<Action> timers = [];

    /// <summary>Ends a timer; they are counted from 0 as they were made.</summary>
    public void Fire(int timer = 0) => timers[timer]();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        timers.Add(() => callback(state));
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
