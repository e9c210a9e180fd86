namespace App.Tests.Fixtures;

/// <summary>Waits for a condition with a deadline.</summary>
internal static class Poll
{
    /// <summary>Longer than a slow machine under load needs: it is waited out only by what never comes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Looks until the condition holds.</summary>
    /// <param name="what">Says in the failure what was waited for.</param>
    /// <param name="condition">Asked every few milliseconds.</param>
    /// <param name="seconds">The deadline; null: <see cref="Patience"/>.</param>
    /// <param name="whatElse">Added to the failure.</param>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, int? seconds = null, Func<string>? whatElse = null)
    {
        var (started, deadline) = (TimeProvider.System.GetTimestamp(), seconds is { } given ? TimeSpan.FromSeconds(given) : Patience);
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > deadline)
                Assert.Fail($"Waited {deadline.TotalSeconds} s until {what}. {whatElse?.Invoke()}");
            await Task.Delay(20);
        }
    }
}
