namespace App.Platform.Commands;

/// <summary>Progress as plain lines, for files and pipes: one for every tenth of a task.</summary>
internal sealed class PlainProgress(TextWriter error, TimeProvider time) : CommandProgress(time)
{
    private const int Parts = 10;
    private readonly Lock gate = new();
    private readonly Dictionary<string, (TimeSpan Begun, long Told)> tasks = [];

    /// <inheritdoc/>
    public override void Say(string text)
    {
        lock (gate) Write(text);
    }

    /// <inheritdoc/>
    public override void Report(string task, long done, long total, string detail = "")
    {
        lock (gate)
        {
            var part = total > 0 ? Parts * done / total : Parts;
            if (!tasks.TryGetValue(task, out var known)) tasks[task] = known = (Elapsed, 0);
            // Threads that report side by side may overtake each other.
            if (part <= known.Told) return;
            tasks[task] = known with { Told = part };
            var left = done < total
                ? $", about {CommandSummary.Duration((Elapsed - known.Begun) * ((double)(total - done) / done))} left" : "";
            Write($"{task}: {done:N0} of {total:N0}{(detail.Length > 0 ? ", " + detail : "")}{left}");
        }
    }

    private void Write(string text) => error.WriteLine($"{Elapsed.TotalSeconds,6:F1} s  {text}");
}
