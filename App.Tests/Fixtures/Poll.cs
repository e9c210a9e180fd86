namespace App.Tests.Fixtures;

/// <summary>Waits for a condition with a deadline.</summary>
internal static class Poll
{
    /// <summary>Looks until the condition holds.</summary>
    /// <param name="what">Says in the failure what was waited for.</param>
    /// <param name="condition">Asked every few milliseconds.</param>
    /// <param name="seconds">The deadline.</param>
    /// <param name="whatElse">Added to the failure.</param>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, int seconds = 60, Func<string>? whatElse = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started).TotalSeconds > seconds)
                Assert.Fail($"Waited {seconds} s until {what}. {whatElse?.Invoke()}");
            await Task.Delay(20);
        }
    }
}
