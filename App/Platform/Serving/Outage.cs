using App.Platform.Database;

namespace App.Platform.Serving;

/// <summary>
/// Failures in a row of one thing that is tried again and again: how long to wait after each, and what the log says of
/// them: a warning when they begin (and when the error becomes another), and a line when they are over.
/// </summary>
/// <param name="name">What fails, as the subject of a sentence.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log of the component.</param>
internal sealed class Outage(string name, TimeProvider time, ILogger log)
{
    // A database that is back is used again within the longest pause.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private long began;
    private int failures;
    private string? reported;

    /// <summary>
    /// Reports a failure and waits before the next try: twice as long each time, from ¼ s to 2 s, ±20 % so that processes do not come back
    /// all at once.
    /// </summary>
    public async Task WaitAsync(Exception fault, CancellationToken ct)
    {
        if (failures == 0) began = time.GetTimestamp();
        // The text of a refusal changes little; a fault of the code is shown with its stack.
        if (reported != fault.Message)
            log.LogWarning(TransientFault.Is(fault) ? null : fault, "{Subject:l} failed and is tried again until it succeeds: {Error}",
                name, fault.Message);
        else log.LogDebug("{Subject:l} failed again: {Error}", name, fault.Message);
        reported = fault.Message;
        var pause = Shortest * Math.Pow(2, Math.Min(failures++, 16));
        await Task.Delay((pause < Longest ? pause : Longest) * (0.8 + (0.4 * Random.Shared.NextDouble())), time, ct)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>It has succeeded.</summary>
    public void End()
    {
        if (failures == 0) return;
        log.LogInformation("{Subject:l} works again, after {Seconds:0.0} s and {Failures} failures", name,
            time.GetElapsedTime(began).TotalSeconds, failures);
        (failures, reported) = (0, null);
    }
}
