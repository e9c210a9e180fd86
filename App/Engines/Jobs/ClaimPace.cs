namespace App.Engines.Jobs;

/// <summary>
/// When a pool looks for jobs again. Jobs that are added within milliseconds of each other are announced once
/// (<c>jobs_announce</c> in the schema), and not all of them need be committed when that is heard: so after each announcement,
/// and after each look that found something, it looks again after ever longer pauses before it relies on hearing of the next.
/// </summary>
/// <param name="poll">See <see cref="Poll"/>.</param>
internal sealed class ClaimPace(TimeSpan poll)
{
    // Of fewer jobs than this there is hardly a backlog: what was claimed begins undisturbed, and those that come one by one are claimed
    // together.
    private const int Few = 16;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(50);

    private TimeSpan next = Shortest;

    /// <summary>How often it looks although nothing was announced.</summary>
    public TimeSpan Poll => poll;

    /// <summary>A look found jobs.</summary>
    /// <param name="claimed">So many.</param>
    /// <param name="limit">Of so many that it would have taken.</param>
    /// <returns>The pause before the next look; zero: there may be more.</returns>
    public TimeSpan Found(int claimed, int limit)
    {
        next = Shortest;
        return claimed < Math.Min(limit, Few) ? Shortest : TimeSpan.Zero;
    }

    /// <summary>A look found none.</summary>
    /// <returns>How long to wait for an announcement before the next.</returns>
    public TimeSpan FoundNone()
    {
        var wait = next < Longest && next < poll ? next : poll;
        if (next < Longest) next *= 4;
        return wait;
    }

    /// <summary>Jobs were announced.</summary>
    public void Announced() => next = Shortest;
}
