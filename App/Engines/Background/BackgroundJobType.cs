namespace App.Engines.Background;

/// <summary>
/// A class whose <c>RunAsync</c> may be run as a background job, and how it is run. What is not registered is never run,
/// whatever stands in the database.
/// </summary>
/// <param name="Type">The class; made by the service provider for each attempt.</param>
internal sealed record BackgroundJobType(Type Type)
{
    /// <summary>The one method that may be run.</summary>
    public const string Method = "RunAsync";

    /// <summary>Which pool of workers runs it: see <see cref="BackgroundQueues"/>.</summary>
    public string Queue { get; init; } = BackgroundQueues.Default;

    /// <summary>How often it is tried again after it has failed.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>Pause before the first retry; it doubles with each, and is spread by a fifth to both sides.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause before a retry.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>An attempt that takes longer is told to stop, can write nothing more, and counts as failed.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Seconds before a retry, which is counted from 1.</summary>
    public int DelaySeconds(long retry)
    {
        var pause = Math.Min(Backoff.TotalSeconds * Math.Pow(2, Math.Min(retry - 1, 30)), LongestBackoff.TotalSeconds);
        return (int)Math.Ceiling(pause * (0.8 + 0.4 * Random.Shared.NextDouble()));
    }
}

/// <summary>The queues. Each has workers of its own, so a training never keeps a report waiting.</summary>
internal static class BackgroundQueues
{
    /// <summary>Short work that somebody waits for.</summary>
    public const string Default = "default";

    /// <summary>Work that takes a processor for minutes.</summary>
    public const string Training = "training";

    /// <summary>Care of the data: pruning, archiving.</summary>
    public const string Upkeep = "upkeep";
}

/// <summary>Registers classes that may be run as background jobs.</summary>
internal static class BackgroundRegistration
{
    /// <summary>
    /// Registers one: <c>services.AddBackgroundJob&lt;PruneFires&gt;(job => job with { Queue = BackgroundQueues.Upkeep })</c>.
    /// </summary>
    /// <exception cref="ArgumentException">It has no public <c>Task RunAsync(…)</c>, or more than one.</exception>
    public static IServiceCollection AddBackgroundJob<TJob>(this IServiceCollection services,
        Func<BackgroundJobType, BackgroundJobType>? with = null) where TJob : class
    {
        var type = new BackgroundJobType(typeof(TJob));
        if (with is not null) type = with(type);
        TypeNames.Allow(typeof(TJob));
        return services.AddSingleton(type).AddScoped<TJob>();
    }
}
